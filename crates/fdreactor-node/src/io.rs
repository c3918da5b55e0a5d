//! Reads and writes on any descriptor.

use crate::{
    buffer::{stretch, whole},
    failure::{Refusal, count, number},
};
use fdreactor::io::{self, RawBuffer};
use napi::{Unknown, bindgen_prelude::Array};
use napi_derive::napi;
use std::os::fd::IntoRawFd;

/// read(2) into `length` bytes of `buffer` at `offset`.
#[napi(catch_unwind)]
pub fn read(
    fd: i32,
    #[napi(ts_arg_type = "ArrayBufferView")] buffer: Unknown<'_>,
    offset: i64,
    length: i64,
) -> i64 {
    stretch(&buffer, offset, length).map_or(Refusal::Internal.into(), |buffer| count(io::read(fd, buffer)))
}

/// write(2) from `length` bytes of `buffer` at `offset`.
#[napi(catch_unwind)]
pub fn write(
    fd: i32,
    #[napi(ts_arg_type = "ArrayBufferView")] buffer: Unknown<'_>,
    offset: i64,
    length: i64,
) -> i64 {
    stretch(&buffer, offset, length).map_or(Refusal::Internal.into(), |buffer| count(io::write(fd, buffer)))
}

fn stretches(buffers: &Array<'_>) -> Option<Vec<RawBuffer>> {
    (0..buffers.len()).map(|index| whole(&buffers.get::<Unknown<'_>>(index).ok()??)).collect()
}

/// readv(2).
#[napi(catch_unwind)]
pub fn readv(fd: i32, #[napi(ts_arg_type = "readonly ArrayBufferView[]")] buffers: Array<'_>) -> i64 {
    stretches(&buffers).map_or(Refusal::Internal.into(), |buffers| count(io::readv(fd, &buffers)))
}

/// writev(2).
#[napi(catch_unwind)]
pub fn writev(fd: i32, #[napi(ts_arg_type = "readonly ArrayBufferView[]")] buffers: Array<'_>) -> i64 {
    stretches(&buffers).map_or(Refusal::Internal.into(), |buffers| count(io::writev(fd, &buffers)))
}

/// accept(2). The descriptor becomes the caller's.
#[napi(catch_unwind)]
pub fn accept(fd: i32) -> i64 {
    number(io::accept(fd), |fd| i64::from(fd.into_raw_fd()))
}
