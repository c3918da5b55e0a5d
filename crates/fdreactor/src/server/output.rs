//! What a peer has not taken yet, in order: copies, in blocks, so that the memory is near the number of bytes.

use crate::sys::rw::RawBuffer;
use std::{collections::VecDeque, io::IoSlice};

/// How much small pieces are gathered into one block.
const BLOCK: usize = 64 << 10;
/// How many blocks one call sends at most.
const SLICES: usize = 16;

/// Kept bytes.
#[derive(Debug, Default)]
pub(super) struct Output {
    blocks: VecDeque<Vec<u8>>,
    /// How much of the first block is sent.
    sent: usize,
    size: usize,
}

impl Output {
    pub(super) fn len(&self) -> usize {
        self.size
    }

    /// Keeps a copy.
    pub(super) fn push(&mut self, bytes: RawBuffer) {
        self.size += bytes.len();
        let fits =
            self.blocks.back().is_some_and(|block| block.len() + bytes.len() <= block.capacity().max(BLOCK));
        if !fits {
            self.blocks.push_back(Vec::with_capacity(bytes.len()));
        }
        if let Some(block) = self.blocks.back_mut() {
            bytes.copy_to(block);
        }
    }

    /// Hands the first blocks to `send`, which says how many bytes it took. Whether it took all of them.
    pub(super) fn send<E>(
        &mut self,
        send: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, E>,
    ) -> Result<bool, E> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut total = 0;
        let mut count = 0;
        for (slice, block) in slices.iter_mut().zip(&self.blocks) {
            let bytes = &block[if count == 0 { self.sent } else { 0 }..];
            *slice = IoSlice::new(bytes);
            total += bytes.len();
            count += 1;
        }
        let taken = send(&slices[..count])?;
        self.forget(taken);
        Ok(taken == total)
    }

    fn forget(&mut self, mut taken: usize) {
        self.size -= taken;
        while let Some(block) = self.blocks.front() {
            let left = block.len() - self.sent;
            if taken < left {
                self.sent += taken;
                return;
            }
            taken -= left;
            self.sent = 0;
            self.blocks.pop_front();
        }
    }
}
