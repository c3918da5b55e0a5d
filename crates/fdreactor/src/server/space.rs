//! Where reads go: foreign memory, filled from its beginning.

use crate::sys::rw::RawBuffer;

/// A stretch of memory and how much of it is used. Made anew for each turn by whoever owns the memory.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    buffer: RawBuffer,
    used: usize,
}

impl Space {
    /// Takes over what follows the first `used` bytes of `buffer`.
    pub fn new(buffer: RawBuffer, used: usize) -> Self {
        Self { buffer, used }
    }

    /// How many bytes are used.
    pub fn used(&self) -> usize {
        self.used
    }

    /// How many bytes are free.
    pub fn left(&self) -> usize {
        self.buffer.len().saturating_sub(self.used)
    }

    /// The next free bytes, at most `length`.
    pub(crate) fn next(&self, length: usize) -> Option<RawBuffer> {
        self.buffer.part(self.used, length.min(self.left()))
    }

    /// Takes the next `length` bytes. Returns where they begin.
    pub(crate) fn take(&mut self, length: usize) -> usize {
        let start = self.used;
        self.used += length;
        start
    }
}
