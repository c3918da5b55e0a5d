//! JavaScript's memory as a pointer and a length, for the length of one call.
#![expect(unsafe_code, reason = "raw Node-API, and buffers that the kernel fills")]

use fdreactor::io::RawBuffer;
use napi::{
    JsValue, Unknown,
    sys::{self, TypedarrayType},
};
use std::{ffi::c_void, ptr};

/// The bytes of a view: a pointer that is good until JavaScript runs again.
#[derive(Clone, Copy)]
struct View {
    pointer: *mut c_void,
    length: usize,
}

/// Newer than the crate's list.
const FLOAT16_ARRAY: sys::napi_typedarray_type = 11;

fn element_size(kind: sys::napi_typedarray_type) -> Option<usize> {
    Some(match kind {
        TypedarrayType::int8_array | TypedarrayType::uint8_array | TypedarrayType::uint8_clamped_array => 1,
        TypedarrayType::int16_array | TypedarrayType::uint16_array | FLOAT16_ARRAY => 2,
        TypedarrayType::int32_array | TypedarrayType::uint32_array | TypedarrayType::float32_array => 4,
        TypedarrayType::float64_array | TypedarrayType::bigint64_array | TypedarrayType::biguint64_array => 8,
        _ => return None,
    })
}

/// Looks a typed array or `DataView` up. A detached one has length 0; anything else is `None`.
fn view(env: sys::napi_env, value: sys::napi_value) -> Option<View> {
    // A host that does not know the kind leaves it alone.
    let (mut pointer, mut length, mut kind) = (ptr::null_mut(), 0, sys::napi_typedarray_type::MAX);
    // SAFETY: a live handle, and pointers to locals; null for what is not asked. Another kind of value is refused.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut pointer,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if status == sys::Status::napi_ok {
        return Some(View { pointer, length: length * element_size(kind)? });
    }
    // SAFETY: as above.
    let status = unsafe {
        sys::napi_get_dataview_info(
            env,
            value,
            &raw mut length,
            &raw mut pointer,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    (status == sys::Status::napi_ok).then_some(View { pointer, length })
}

/// `length` bytes of a view from `offset` on; `None` if it is no view, or has not that many.
pub(crate) fn stretch(buffer: &Unknown<'_>, offset: i64, length: i64) -> Option<RawBuffer> {
    let value = buffer.value();
    let view = view(value.env, value.value)?;
    let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
    if offset.checked_add(length)? > view.length {
        return None;
    }
    if length == 0 {
        // A detached view has no address; the kernel looks at none for nothing.
        // SAFETY: no byte is described.
        return Some(unsafe { RawBuffer::new(ptr::dangling_mut(), 0) });
    }
    // SAFETY: within the view, as checked, which is not empty.
    let start = unsafe { view.pointer.cast::<u8>().add(offset) };
    // SAFETY: the memory stays while the caller's argument holds the view and no JavaScript runs: the result is used within
    // that call, on this thread. It may be shared, and RawBuffer allows that.
    Some(unsafe { RawBuffer::new(start, length) })
}

/// A whole view.
pub(crate) fn whole(buffer: &Unknown<'_>) -> Option<RawBuffer> {
    let value = buffer.value();
    let length = view(value.env, value.value)?.length;
    stretch(buffer, 0, i64::try_from(length).ok()?)
}

/// Writes `words` to the beginning of a `Uint32Array`; `None` if it is too short, as a detached one is.
pub(crate) fn write_words(
    env: sys::napi_env,
    value: sys::napi_value,
    words: impl ExactSizeIterator<Item = [u32; 3]>,
) -> Option<()> {
    let view = view(env, value)?;
    if words.len().checked_mul(size_of::<[u32; 3]>())? > view.length {
        return None;
    }
    let start = view.pointer.cast::<[u32; 3]>();
    for (index, record) in words.enumerate() {
        // SAFETY: within the view, as checked.
        let place = unsafe { start.add(index) };
        // SAFETY: the array is the reactor's own, aligned to its words, and no JavaScript runs meanwhile. It is written
        // through the pointer: no reference to it is formed.
        unsafe { place.write(record) };
    }
    Some(())
}

/// Words of a `Uint32Array`, until JavaScript runs again.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    start: *mut u32,
    length: usize,
}

impl Words {
    /// Looks an array up. A detached one has no words.
    pub(crate) fn of(env: sys::napi_env, value: sys::napi_value) -> Option<Self> {
        let view = view(env, value)?;
        Some(Self { start: view.pointer.cast(), length: view.length / size_of::<u32>() })
    }

    /// How many there are.
    pub(crate) fn len(self) -> usize {
        self.length
    }

    /// The word at `index`; 0 beyond the end.
    pub(crate) fn get(self, index: usize) -> u32 {
        if index >= self.length {
            return 0;
        }
        // SAFETY: within the array, as checked.
        let place = unsafe { self.start.add(index) };
        // SAFETY: the array is the reactor's own and aligned to its words; no JavaScript runs meanwhile.
        unsafe { place.read() }
    }

    /// Sets the word at `index`; beyond the end nothing happens.
    pub(crate) fn set(self, index: usize, word: u32) {
        if index < self.length {
            // SAFETY: within the array, as checked.
            let place = unsafe { self.start.add(index) };
            // SAFETY: as in `get`. It is written through the pointer: no reference to it is formed.
            unsafe { place.write(word) };
        }
    }
}

/// A whole view that a reference holds, until JavaScript runs again.
pub(crate) fn held(env: sys::napi_env, value: sys::napi_value) -> Option<RawBuffer> {
    let view = view(env, value)?;
    if view.length == 0 {
        return None;
    }
    // SAFETY: the memory stays while the reference holds the view and no JavaScript runs: the result is used until then only.
    Some(unsafe { RawBuffer::new(view.pointer.cast(), view.length) })
}
