//! What the process has allocated.
#![expect(unsafe_code, reason = "no safe crate wraps it")]
#![expect(clippy::cast_precision_loss, reason = "a number of JavaScript's, and no process has 2^53 bytes")]

use napi_derive::napi;

/// The bytes that malloc has given out and not got back, of every arena. glibc alone can say it.
///
/// Unlike resident memory it is nothing of the kernel's or of fragments: whoever frees all gets to the same number again.
#[napi]
pub fn allocated() -> f64 {
    // SAFETY: it takes nothing, locks the arenas itself, and answers with plain numbers.
    let info = unsafe { libc::mallinfo2() };
    (info.uordblks + info.hblkhd) as f64
}
