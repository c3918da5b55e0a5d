//! A thread beside the host's loop: it waits, hands one batch over, and waits until that has been dispatched.
//!
//! Without the acknowledgement, level-triggered readiness would be handed over again and again before anybody could act on
//! it. The thread touches nothing of JavaScript's: it has the blocking half of the reactor and a mailbox of one message.
#![expect(
    unsafe_code,
    reason = "a thread-safe function, made by hand: nothing is converted and nothing allocated per batch"
)]

use crate::{
    env::{self, RawEnv},
    failure::{Refusal, encode},
    inner::Inner,
};
use fdreactor::{Blocking, Error, Event, Syscall, Waited, Waker};
use napi::sys;
use std::{
    cell::RefCell,
    ffi::{CStr, c_void},
    mem, ptr,
    rc::Weak,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Where the one batch under way is.
enum Mail {
    /// The thread is waiting, or about to.
    Blocked,
    /// Found, and not yet looked at.
    Handed { found: Vec<Event>, outcome: fdreactor::Result<Waited> },
    /// Being dispatched; the vector is kept for the next time.
    Taken,
    /// Dispatched. After a rebuild the thread gets a new half to wait with.
    Acknowledged { found: Vec<Event>, fresh: Option<Blocking>, rest: Option<Duration> },
    /// The end.
    Stop,
}

struct Mailbox {
    mail: Mutex<Mail>,
    changed: Condvar,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `mail` in, unless the end has been said. Whether it did.
    fn put(&self, mail: Mail) -> bool {
        let mut current = self.lock();
        if matches!(*current, Mail::Stop) {
            return false;
        }
        *current = mail;
        self.changed.notify_all();
        true
    }
}

/// A thread-safe function, with one count that we hold.
struct Bell(sys::napi_threadsafe_function);

// SAFETY: napi_call_threadsafe_function may be called from any thread while a count is held, and ours is released only after
// the thread has been joined.
unsafe impl Send for Bell {}

impl Bell {
    fn ring(&self) {
        // SAFETY: see above. The queue is unbounded and holds at most one ring; if the environment is ending, the call is
        // refused and the clean-up hook stops the thread.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            )
        };
    }
}

/// What the thread-safe function is called with: freed by its finalizer, after the last call.
struct Receiver {
    target: Weak<Inner>,
    mailbox: Arc<Mailbox>,
    spare: RefCell<Vec<Event>>,
}

/// A thread that waits. Dropped at the latest in the clean-up hook of its reactor, which was added after the thread-safe
/// function and so is called before that is deleted: an environment that ends deletes it whoever holds a count.
pub(crate) struct ThreadDriver {
    env: RawEnv,
    mailbox: Arc<Mailbox>,
    waker: Arc<Waker>,
    bell: sys::napi_threadsafe_function,
    /// Freed by the finalizer of the thread-safe function, so not before this is dropped.
    receiver: *const Receiver,
    thread: Option<JoinHandle<()>>,
}

impl ThreadDriver {
    pub(super) fn start(env: RawEnv, target: Weak<Inner>, blocking: Blocking) -> Result<Self, i64> {
        let mailbox = Arc::new(Mailbox { mail: Mutex::new(Mail::Blocked), changed: Condvar::new() });
        let spare = RefCell::new(Vec::new());
        let receiver = Box::into_raw(Box::new(Receiver { target, mailbox: Arc::clone(&mailbox), spare }));
        let Some(bell) = create_bell(env, receiver) else {
            // SAFETY: the finalizer was not installed, so this is the only owner.
            drop(unsafe { Box::from_raw(receiver) });
            return Err(Refusal::Internal.into());
        };
        let waker = blocking.waker();
        let mut driver = Self { env, mailbox: Arc::clone(&mailbox), waker, bell, receiver, thread: None };
        let ringer = Bell(bell);
        let thread = thread::Builder::new()
            .name("fdreactor".to_owned())
            .spawn(move || run(blocking, &mailbox, &ringer));
        driver.thread = Some(thread.map_err(|error| {
            let errno = error.raw_os_error().unwrap_or(libc::EAGAIN);
            encode(Error::System { syscall: Syscall::PthreadCreate, errno })
        })?);
        Ok(driver)
    }

    /// Lets the thread wait again after `rest`, with `fresh` if the reactor has replaced its blocking half.
    pub(crate) fn acknowledge(&self, fresh: Option<Blocking>, rest: Option<Duration>) {
        // SAFETY: the finalizer has not run, since our count is held until drop.
        let found = mem::take(&mut *unsafe { &*self.receiver }.spare.borrow_mut());
        self.mailbox.put(Mail::Acknowledged { found, fresh, rest });
    }

    pub(crate) fn set_ref(&self, keep: bool) {
        let set = if keep { sys::napi_ref_threadsafe_function } else { sys::napi_unref_threadsafe_function };
        // SAFETY: on the environment's thread, with our count held.
        unsafe { set(self.env, self.bell) };
    }
}

impl Drop for ThreadDriver {
    fn drop(&mut self) {
        *self.mailbox.lock() = Mail::Stop;
        self.mailbox.changed.notify_all();
        self.waker.wake_for_good();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, it has ended all the same.
            let _ = thread.join();
        }
        // SAFETY: the thread has ended, so this count is the last; nothing is called afterwards but the finalizer.
        unsafe {
            sys::napi_release_threadsafe_function(self.bell, sys::ThreadsafeFunctionReleaseMode::abort)
        };
    }
}

fn create_bell(env: RawEnv, receiver: *mut Receiver) -> Option<sys::napi_threadsafe_function> {
    const NAME: &CStr = c"fdreactor";
    let mut name = ptr::null_mut();
    // SAFETY: NAME ends with a null, which is what -1 says; the value is written on success.
    let status = unsafe { sys::napi_create_string_utf8(env, NAME.as_ptr(), -1, &raw mut name) };
    if status != sys::Status::napi_ok {
        return None;
    }
    let mut bell = ptr::null_mut();
    // SAFETY: `name` is a live string; the receiver stays until the finalizer frees it; a null function is allowed with a
    // callback of our own.
    let status = unsafe {
        sys::napi_create_threadsafe_function(
            env,
            ptr::null_mut(),
            ptr::null_mut(),
            name,
            0,
            1,
            receiver.cast::<c_void>(),
            Some(on_finalize),
            receiver.cast::<c_void>(),
            Some(on_ring),
            &raw mut bell,
        )
    };
    if status != sys::Status::napi_ok {
        return None;
    }
    // SAFETY: just made, on the environment's thread. The first registration refs it again.
    unsafe { sys::napi_unref_threadsafe_function(env, bell) };
    Some(bell)
}

/// The thread's life.
fn run(mut blocking: Blocking, mailbox: &Mailbox, bell: &Bell) {
    let mut found = Vec::new();
    loop {
        let outcome = blocking.wait(None, &mut found);
        if outcome.is_ok() && found.is_empty() && !blocking.owes() {
            // A wake: the set has changed, or it is the end.
            if matches!(*mailbox.lock(), Mail::Stop) {
                return;
            }
            blocking.count_idle();
            continue;
        }
        if !mailbox.put(Mail::Handed { found: mem::take(&mut found), outcome }) {
            return;
        }
        bell.ring();
        let mut mail = mailbox.lock();
        loop {
            match mem::replace(&mut *mail, Mail::Blocked) {
                Mail::Acknowledged { found: spare, fresh, rest } => {
                    found = spare;
                    if let Some(fresh) = fresh {
                        blocking = fresh;
                    }
                    if let Some(rest) = rest {
                        let resting = |mail: &mut Mail| !matches!(mail, Mail::Stop);
                        // The end is looked for again after the wait, which it has sent a wake to.
                        let _ = mailbox.changed.wait_timeout_while(mail, rest, resting);
                    }
                    break;
                }
                Mail::Stop => {
                    *mail = Mail::Stop;
                    return;
                }
                other => {
                    *mail = other;
                    mail = mailbox.changed.wait(mail).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

unsafe extern "C" fn on_ring(
    env: RawEnv,
    _callback: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    if env.is_null() {
        // The environment is ending: nothing can be called any more.
        return;
    }
    env::guarded(|| {
        // SAFETY: the context is the receiver, which its finalizer frees after the last call.
        let receiver = unsafe { &*context.cast_const().cast::<Receiver>() };
        let taken = {
            let mut mail = receiver.mailbox.lock();
            match mem::replace(&mut *mail, Mail::Taken) {
                Mail::Handed { found, outcome } => Some((found, outcome)),
                other => {
                    *mail = other;
                    None
                }
            }
        };
        // A ring that comes after the end has nothing to say.
        let (Some((mut found, outcome)), Some(inner)) = (taken, receiver.target.upgrade()) else { return };
        inner.turn_from_thread(outcome.map(|waited| (found.as_slice(), waited)));
        found.clear();
        // If it was acknowledged meanwhile, the thread has an empty vector already and this one is for the next time.
        receiver.spare.replace(found);
    });
}

unsafe extern "C" fn on_finalize(_env: RawEnv, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: made by Box::into_raw in start(), and finalized once, after the last call.
    env::guarded(|| drop(unsafe { Box::from_raw(data.cast::<Receiver>()) }));
}
