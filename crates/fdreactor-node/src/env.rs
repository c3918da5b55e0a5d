//! Node-API calls that napi-rs has no safe form for, each behind a type that cleans up after itself.
#![expect(unsafe_code, reason = "raw Node-API")]

use napi::sys;
use std::{
    cell::Cell,
    ffi::{CStr, c_void},
    panic, ptr,
    rc::Weak,
};

/// The environment that everything in one reactor belongs to. Only used on that environment's thread.
pub(crate) type RawEnv = sys::napi_env;

fn ok(status: sys::napi_status) -> Option<()> {
    (status == sys::Status::napi_ok).then_some(())
}

/// Keeps values alive while native code that no JavaScript called makes some.
pub(crate) struct HandleScope {
    env: RawEnv,
    scope: sys::napi_handle_scope,
}

impl HandleScope {
    pub(crate) fn open(env: RawEnv) -> Option<Self> {
        let mut scope = ptr::null_mut();
        // SAFETY: `env` is alive, since its clean-up hooks end whatever could call this, and `scope` is written on success.
        ok(unsafe { sys::napi_open_handle_scope(env, &raw mut scope) })?;
        Some(Self { env, scope })
    }
}

impl Drop for HandleScope {
    fn drop(&mut self) {
        // SAFETY: opened by open() on the same environment, and closed once, innermost first: scopes live on the stack.
        unsafe { sys::napi_close_handle_scope(self.env, self.scope) };
    }
}

/// A reference to a value: strong, or weak so that the value may be collected.
pub(crate) struct Reference {
    env: RawEnv,
    raw: sys::napi_ref,
    strong: Cell<bool>,
}

impl Reference {
    /// Makes a reference to an object or function.
    pub(crate) fn new(env: RawEnv, value: sys::napi_value, strong: bool) -> Option<Self> {
        let mut raw = ptr::null_mut();
        // SAFETY: `value` is a live handle of `env`: the caller got it as an argument of the call under way.
        ok(unsafe { sys::napi_create_reference(env, value, u32::from(strong), &raw mut raw) })?;
        Some(Self { env, raw, strong: Cell::new(strong) })
    }

    pub(crate) fn set_strong(&self, strong: bool) {
        if self.strong.replace(strong) == strong {
            return;
        }
        let set = if strong { sys::napi_reference_ref } else { sys::napi_reference_unref };
        let mut count = 0;
        // SAFETY: the reference lives until drop; the count goes between 0 and 1 only.
        unsafe { set(self.env, self.raw, &raw mut count) };
    }

    /// The value, in the handle scope that is open; `None` once it has been collected.
    pub(crate) fn get(&self) -> Option<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference lives until drop, and `value` is written on success.
        ok(unsafe { sys::napi_get_reference_value(self.env, self.raw, &raw mut value) })?;
        (!value.is_null()).then_some(value)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: deleted once. Dropped on the environment's thread, at the latest from a finalizer that the environment runs
        // while it is torn down, when references may still be deleted.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

/// What calls into JavaScript from the loop run in, so that ticks and promises are run after them.
pub(crate) struct AsyncContext {
    env: RawEnv,
    raw: sys::napi_async_context,
}

impl AsyncContext {
    pub(crate) fn new(env: RawEnv, name: &CStr) -> Option<Self> {
        let mut name_value = ptr::null_mut();
        // SAFETY: the name ends with a null, which is what -1 says; the value is written on success.
        ok(unsafe { sys::napi_create_string_utf8(env, name.as_ptr(), -1, &raw mut name_value) })?;
        let mut raw = ptr::null_mut();
        // SAFETY: a null resource is allowed; the name is a live string; the context is written on success.
        ok(unsafe { sys::napi_async_init(env, ptr::null_mut(), name_value, &raw mut raw) })?;
        Some(Self { env, raw })
    }

    /// Calls `function` with one number; `None` if it could not run or threw, or if a tick or promise did that ran after it.
    ///
    /// An exception is made an `uncaughtException` here, so that none is pending afterwards.
    pub(crate) fn call(&self, function: sys::napi_value, argument: i64) -> Option<()> {
        let mut value = ptr::null_mut();
        // SAFETY: a handle scope is open (the caller's), and the value is written on success.
        ok(unsafe { sys::napi_create_int64(self.env, argument, &raw mut value) })?;
        let mut receiver = ptr::null_mut();
        // SAFETY: as above.
        ok(unsafe { sys::napi_get_global(self.env, &raw mut receiver) })?;
        let mut result = ptr::null_mut();
        // SAFETY: all four are live handles of this environment, and the context lives until drop. No Rust reference to
        // JavaScript's memory or into a RefCell is held by any caller while this runs: it re-enters.
        let status = unsafe {
            sys::napi_make_callback(
                self.env,
                self.raw,
                receiver,
                function,
                1,
                &raw const value,
                &raw mut result,
            )
        };
        if ok(status).is_none() {
            report_pending(self.env);
            return None;
        }
        Some(())
    }
}

impl Drop for AsyncContext {
    fn drop(&mut self) {
        // SAFETY: destroyed once, on the environment's thread.
        unsafe { sys::napi_async_destroy(self.env, self.raw) };
    }
}

/// What has to end with its environment.
pub(crate) trait Ends {
    /// Gives up what outlives the environment. No value of JavaScript's may be touched any more.
    fn end(&self);
}

/// Ends something when its environment ends, unless this is dropped before. A finalizer does not do for that: not every
/// host runs those of a worker.
pub(crate) struct Teardown<T: Ends> {
    env: RawEnv,
    /// Boxed: its address is what the hook is called with.
    hook: Box<Hook<T>>,
}

struct Hook<T> {
    target: Weak<T>,
    called: Cell<bool>,
}

impl<T: Ends> Teardown<T> {
    pub(crate) fn new(env: RawEnv, target: Weak<T>) -> Option<Self> {
        let teardown = Self { env, hook: Box::new(Hook { target, called: Cell::new(false) }) };
        // SAFETY: the box does not move, and drop() removes the hook before it is freed.
        ok(unsafe { sys::napi_add_env_cleanup_hook(env, Some(on_end::<T>), teardown.argument()) })?;
        Some(teardown)
    }

    fn argument(&self) -> *mut c_void {
        ptr::from_ref(&*self.hook).cast::<c_void>().cast_mut()
    }
}

impl<T: Ends> Drop for Teardown<T> {
    fn drop(&mut self) {
        // Deno aborts if a hook is removed that has been called.
        if !self.hook.called.get() {
            // SAFETY: the arguments are those of new().
            unsafe { sys::napi_remove_env_cleanup_hook(self.env, Some(on_end::<T>), self.argument()) };
        }
    }
}

unsafe extern "C" fn on_end<T: Ends>(hook: *mut c_void) {
    guarded(|| {
        // SAFETY: that of a Teardown that has not been dropped, since that removes the hook. It is not used once end() runs.
        let hook = unsafe { &*hook.cast_const().cast::<Hook<T>>() };
        hook.called.set(true);
        if let Some(target) = hook.target.upgrade() {
            target.end();
        }
    });
}

/// Makes a pending exception an `uncaughtException`.
fn report_pending(env: RawEnv) {
    let mut error = ptr::null_mut();
    // SAFETY: written on success; without a pending exception it becomes `undefined`, and while the environment is being
    // terminated the call fails and there is nobody to tell.
    let cleared = ok(unsafe { sys::napi_get_and_clear_last_exception(env, &raw mut error) });
    let mut kind = sys::ValueType::napi_undefined;
    // SAFETY: `error` was written if the call above succeeded.
    let known = cleared.and_then(|()| ok(unsafe { sys::napi_typeof(env, error, &raw mut kind) }));
    if known.is_some() && kind != sys::ValueType::napi_undefined {
        uncaught(env, error);
    }
}

/// Raises `error` as an `uncaughtException`. Returns when a handler has taken it; without one the process ends.
pub(crate) fn uncaught(env: RawEnv, error: sys::napi_value) {
    // SAFETY: a live handle of the environment. It re-enters JavaScript.
    unsafe { sys::napi_fatal_exception(env, error) };
}

/// Runs `body`, which the host called with no Rust frame above it: a panic must end here.
pub(crate) fn guarded(body: impl FnOnce()) {
    // What a panic leaves half done is one reactor's own state, behind cells that no reference outlives.
    let _ = panic::catch_unwind(panic::AssertUnwindSafe(body));
}

/// The libuv loop of the environment.
pub(crate) fn uv_loop(env: RawEnv) -> Option<*mut sys::uv_loop_s> {
    let mut uv_loop = ptr::null_mut();
    // SAFETY: written on success.
    ok(unsafe { sys::napi_get_uv_event_loop(env, &raw mut uv_loop) })?;
    (!uv_loop.is_null()).then_some(uv_loop)
}
