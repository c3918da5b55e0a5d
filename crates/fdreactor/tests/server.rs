//! Servers, in Rust alone: what is told in which order, and what it costs. The whole of it is tested through JavaScript, on every
//! driver, in `__test__/server`.
#![expect(unsafe_code, reason = "an allocator that counts, and memory to read into")]

mod server {
    mod allocations;
    mod counting;
    mod counts;
    mod order;
    mod rig;
}
