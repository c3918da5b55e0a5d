//! The few functions of libuv that the loop driver calls, looked up by name in the running host. Types and numbers are those of
//! libuv's stable interface, 1.x: <https://docs.libuv.org/en/v1.x/poll.html>.
//!
//! No crate that binds all of libuv: looking its hundreds of functions up was a sixth of the addon, and the generator of
//! bindings for a system that a crate has none for (FreeBSD) needs libclang and that system's headers.
#![expect(unsafe_code, reason = "foreign functions")]

use std::{
    ffi::{CStr, c_int, c_void},
    sync::OnceLock,
};

/// A `uv_loop_t`.
#[repr(C)]
pub(super) struct Loop([u8; 0]);

/// A `uv_handle_t`, the head of every handle.
#[repr(C)]
pub(super) struct Base([u8; 0]);

/// A `uv_poll_t`. Its size is for [`Uv::uv_handle_size`] to tell.
#[repr(C)]
pub(super) struct Poll([u8; 0]);

/// `UV_POLL` of `uv_handle_type`.
pub(super) const POLL: c_int = 8;
/// `UV_READABLE` of `uv_poll_event`.
pub(super) const READABLE: c_int = 1;
/// `UV_DISCONNECT` of `uv_poll_event`.
pub(super) const DISCONNECT: c_int = 4;

pub(super) type PollCallback = unsafe extern "C" fn(*mut Poll, status: c_int, events: c_int);
pub(super) type CloseCallback = unsafe extern "C" fn(*mut Base);

fn find(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: it only looks a name up, in everything the process has loaded for all to see.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}

macro_rules! functions {
    ($($(#[$on:meta])? $name:ident: $type:ty),* $(,)?) => {
        /// The host's libuv. Whoever calls one of these functions answers for what libuv's documentation asks.
        pub(super) struct Uv {
            $($(#[$on])? pub(super) $name: $type,)*
        }

        impl Uv {
            fn load() -> Option<Self> {
                Some(Self {
                    $($(#[$on])? $name: {
                        const NAME: &CStr = match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                            Ok(name) => name,
                            Err(_) => unreachable!(),
                        };
                        let symbol = find(NAME)?;
                        // SAFETY: a pointer that is not null, to the function of that name in the host's libuv, whose type
                        // has been this since 1.0 or since it was added.
                        unsafe { std::mem::transmute::<*mut c_void, $type>(symbol) }
                    },)*
                })
            }
        }
    };
}

functions! {
    #[cfg(target_os = "linux")]
    uv_backend_fd: unsafe extern "C" fn(*const Loop) -> c_int,
    uv_handle_size: unsafe extern "C" fn(kind: c_int) -> usize,
    uv_handle_get_data: unsafe extern "C" fn(*const Base) -> *mut c_void,
    uv_handle_set_data: unsafe extern "C" fn(*mut Base, *mut c_void),
    uv_poll_init: unsafe extern "C" fn(*mut Loop, *mut Poll, fd: c_int) -> c_int,
    uv_poll_start: unsafe extern "C" fn(*mut Poll, events: c_int, PollCallback) -> c_int,
    uv_close: unsafe extern "C" fn(*mut Base, CloseCallback),
    uv_ref: unsafe extern "C" fn(*mut Base),
    uv_unref: unsafe extern "C" fn(*mut Base),
}

impl Uv {
    /// Finds the functions, once a process. `None` if the host has no libuv, or one without them.
    pub(super) fn of_host() -> Option<&'static Self> {
        static LOADED: OnceLock<Option<Uv>> = OnceLock::new();
        LOADED.get_or_init(Self::load).as_ref()
    }
}
