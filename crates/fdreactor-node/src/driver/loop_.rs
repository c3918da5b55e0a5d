//! The host's own loop: one `uv_poll_t` on the selector's descriptor.
//!
//! For Node.js and Electron only. Other runtimes export `uv_*` and then abort in it, so TypeScript chooses by name.
//!
//! A handle that is still open when its loop ends aborts the process, and closing takes a turn of the loop. So each handle
//! has an asynchronous clean-up hook, which the environment waits for, and the memory belongs to the close callback.
#![expect(unsafe_code, reason = "libuv handles")]

use super::libuv::{self, Uv};
use crate::{
    env::{self, RawEnv},
    failure::{Refusal, encode},
    inner::Inner,
};
use fdreactor::{Error, Syscall};
use napi::sys;
use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    os::fd::RawFd,
    ptr,
    rc::{Rc, Weak},
};

/// What a selector's descriptor never reports: the handle goes on living, and nothing is called.
const NOTHING: c_int = libuv::DISCONNECT;

/// What libuv calls to watch a descriptor.
const CONTROL: Syscall =
    if cfg!(any(target_os = "linux", target_os = "android")) { Syscall::EpollCtl } else { Syscall::Kevent };

/// What libuv said, if it is no success: a negative errno.
fn checked(status: c_int) -> Result<(), i64> {
    if status < 0 { Err(encode(Error::System { syscall: CONTROL, errno: -status })) } else { Ok(()) }
}

/// One `uv_poll_t`. The loop holds a count of it until the close callback.
struct Handle {
    uv: &'static Uv,
    env: RawEnv,
    /// The memory of the `uv_poll_t`, as large as the running libuv says. Boxed: its address must not move.
    memory: Box<[Cell<u64>]>,
    fd: RawFd,
    target: Weak<Inner>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    closing: Cell<bool>,
}

impl Handle {
    fn poll(&self) -> *mut libuv::Poll {
        self.memory.as_ptr().cast_mut().cast()
    }

    fn base(&self) -> *mut libuv::Base {
        self.poll().cast()
    }

    /// Opens, starts and unrefs a handle.
    fn open(env: RawEnv, target: Weak<Inner>, fd: RawFd) -> Result<Rc<Self>, i64> {
        let uv = Uv::of_host().ok_or(Refusal::Internal)?;
        let uv_loop = env::uv_loop(env).ok_or(Refusal::Internal)?;
        // SAFETY: it only looks a number up.
        let size = unsafe { (uv.uv_handle_size)(libuv::POLL) };
        let memory = vec![Cell::new(0); size.div_ceil(size_of::<u64>())].into_boxed_slice();
        let handle = Rc::new(Self {
            uv,
            env,
            memory,
            fd,
            target,
            hook: Cell::new(ptr::null_mut()),
            closing: Cell::new(false),
        });
        // SAFETY: the loop is the environment's own, on whose thread this runs; the memory is large enough and does not move
        // until the close callback.
        checked(unsafe { (uv.uv_poll_init)(uv_loop.cast(), handle.poll(), fd) })?;
        let raw = Rc::into_raw(Rc::clone(&handle)).cast::<c_void>().cast_mut();
        // SAFETY: initialised above. The count that `raw` stands for is given back in on_closed().
        unsafe { (uv.uv_handle_set_data)(handle.base(), raw) };
        let started = handle.listen(libuv::READABLE).and_then(|()| enter(uv, uv_loop.cast(), fd));
        // SAFETY: as above.
        unsafe { (uv.uv_unref)(handle.base()) };
        let mut hook = ptr::null_mut();
        // SAFETY: `raw` is good until on_closed(), which removes the hook first.
        unsafe { sys::napi_add_async_cleanup_hook(env, Some(on_teardown), raw, &raw mut hook) };
        handle.hook.set(hook);
        if started.is_err() {
            handle.close();
        }
        started.map(|()| handle)
    }

    /// Sets what is listened for.
    fn listen(&self, events: c_int) -> Result<(), i64> {
        // SAFETY: initialised, and not closing.
        checked(unsafe { (self.uv.uv_poll_start)(self.poll(), events, on_ready) })
    }

    fn close(&self) {
        if !self.closing.replace(true) {
            // SAFETY: initialised and not yet closing. The descriptor is still open: libuv tells its kernel set at once.
            unsafe { (self.uv.uv_close)(self.base(), on_closed) };
        }
    }
}

/// Puts `fd` into the loop's own epoll set now, with nothing asked.
///
/// libuv tries it out and takes it out again until the loop goes round. If the kernel has come to refuse it by then, because of
/// five sets that watch each other, say, or more than 500 duplicates of one file in it, libuv aborts the process. It takes
/// what is there already, in a ring of system calls too: it modifies what it cannot add. And the kernel looks at the
/// whole nest whenever something is added to a set within another, so now it is the registration that goes too far
/// that is refused.
#[cfg(target_os = "linux")]
fn enter(uv: &Uv, uv_loop: *mut libuv::Loop, fd: RawFd) -> Result<(), i64> {
    // SAFETY: the environment's own loop, on whose thread this runs.
    let set = unsafe { (uv.uv_backend_fd)(uv_loop) };
    // libuv passes over an event of descriptor -1, and puts the right one here when it asks for something.
    let mut event = libc::epoll_event { events: 0, u64: u64::MAX };
    // SAFETY: the event outlives the call; the kernel checks the numbers.
    if unsafe { libc::epoll_ctl(set, libc::EPOLL_CTL_ADD, fd, &raw mut event) } == 0 {
        return Ok(());
    }
    checked(-std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}

/// kqueue refuses nothing later on.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "epoll refuses")]
fn enter(_uv: &Uv, _uv_loop: *mut libuv::Loop, _fd: RawFd) -> Result<(), i64> {
    Ok(())
}

/// Borrows the handle behind a libuv handle or hook.
///
/// # Safety
/// `data` is what `open` made of an `Rc<Handle>`, and its count has not been given back.
unsafe fn borrow(data: *mut c_void) -> Rc<Handle> {
    let raw = data.cast_const().cast::<Handle>();
    // SAFETY: by this function's contract.
    unsafe { Rc::increment_strong_count(raw) };
    // SAFETY: the count just added.
    unsafe { Rc::from_raw(raw) }
}

/// What `open` left in a libuv handle.
///
/// # Safety
/// The handle is initialised, and its memory is still there.
unsafe fn data_of(handle: *mut libuv::Base) -> Option<*mut c_void> {
    // It has been found: there is a handle.
    let uv = Uv::of_host()?;
    // SAFETY: by this function's contract.
    Some(unsafe { (uv.uv_handle_get_data)(handle) })
}

unsafe extern "C" fn on_ready(handle: *mut libuv::Poll, _status: c_int, _events: c_int) {
    env::guarded(|| {
        // SAFETY: libuv calls back for initialised handles only, whose data open() set; none is called once closing.
        let Some(data) = (unsafe { data_of(handle.cast()) }) else { return };
        // SAFETY: the count is given back by on_closed(), after which libuv calls no more.
        let handle = unsafe { borrow(data) };
        let Some(inner) = handle.target.upgrade() else { return handle.close() };
        // A bad status (the descriptor was closed behind our back) shows as a failed turn.
        inner.turn_on_loop();
    });
}

unsafe extern "C" fn on_closed(handle: *mut libuv::Base) {
    env::guarded(|| {
        // SAFETY: called once a handle, with the data that open() set.
        let Some(data) = (unsafe { data_of(handle) }) else { return };
        // SAFETY: this is the count that open() made; it ends here.
        let handle = unsafe { Rc::from_raw(data.cast_const().cast::<Handle>()) };
        // SAFETY: added in open() and removed only here; if the environment is ending, this is what it waits for.
        unsafe { sys::napi_remove_async_cleanup_hook(handle.hook.get()) };
    });
}

unsafe extern "C" fn on_teardown(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    env::guarded(|| {
        // SAFETY: the hook is removed by on_closed() before the count is given back.
        unsafe { borrow(data) }.close();
    });
}

/// A handle on the loop.
pub(crate) struct LoopDriver {
    handle: Rc<Handle>,
    referenced: Cell<bool>,
}

impl LoopDriver {
    pub(super) fn start(env: RawEnv, target: Weak<Inner>, fd: RawFd) -> Result<Self, i64> {
        Ok(Self { handle: Handle::open(env, target, fd)?, referenced: Cell::new(false) })
    }

    /// Watches `fd` from now on. The one watched so far is still open, and goes on being watched if the loop refuses.
    pub(crate) fn follow(&mut self, fd: RawFd) -> Result<(), i64> {
        if fd != self.handle.fd {
            let fresh = Handle::open(self.handle.env, Weak::clone(&self.handle.target), fd)?;
            let stale = std::mem::replace(&mut self.handle, fresh);
            stale.close();
            self.set_ref(self.referenced.get());
        }
        Ok(())
    }

    /// Calls nobody until [`proceed`](Self::proceed), and keeps the process alive as before.
    pub(crate) fn rest(&self) {
        if !self.handle.closing.get() {
            // A handle that is initialised is not refused.
            let _ = self.handle.listen(NOTHING);
        }
    }

    /// Ends a rest.
    pub(crate) fn proceed(&self) {
        if !self.handle.closing.get() {
            let _ = self.handle.listen(libuv::READABLE);
        }
    }

    pub(crate) fn set_ref(&self, keep: bool) {
        self.referenced.set(keep);
        if self.handle.closing.get() {
            return;
        }
        let uv = self.handle.uv;
        let set = if keep { uv.uv_ref } else { uv.uv_unref };
        // SAFETY: initialised and not closing.
        unsafe { set(self.handle.base()) };
    }
}

impl Drop for LoopDriver {
    fn drop(&mut self) {
        self.handle.close();
    }
}
