//! What was asked of connections within a batch: gathered, and carried out together.

use super::{connection::Connection, table::NONE};
use crate::sys::rw::RawBuffer;

/// What is asked of a connection.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Sends these bytes behind all that was written before. They must stay until the flush.
    Write(RawBuffer),
    /// Sends the end behind all that was written.
    End,
    /// Reads nothing until it is resumed.
    Pause,
    /// Reads again.
    Resume,
}

/// Bytes to be written, and which of the same connection follow them.
#[derive(Clone, Copy, Debug)]
struct Piece {
    bytes: RawBuffer,
    next: u32,
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    pieces: Vec<Piece>,
    /// The connections that have something to do at the flush.
    pub(super) touched: Vec<u32>,
    /// The bytes of one connection, as one call takes them.
    pub(super) row: Vec<RawBuffer>,
}

impl Orders {
    /// Appends bytes to what a connection is to write.
    pub(super) fn write(&mut self, connection: &mut Connection, id: u32, bytes: RawBuffer) {
        if connection.first_piece != NONE
            && let Some(last) = self.pieces.get_mut(connection.last_piece as usize)
            && last.bytes.join(bytes)
        {
            return;
        }
        let place = u32::try_from(self.pieces.len()).unwrap_or(NONE);
        self.pieces.push(Piece { bytes, next: NONE });
        if connection.first_piece == NONE {
            connection.first_piece = place;
            self.touched.push(id);
        } else if let Some(last) = self.pieces.get_mut(connection.last_piece as usize) {
            last.next = place;
        }
        connection.last_piece = place;
    }

    /// Puts what a connection is to write into the row. Returns how many bytes that is.
    pub(super) fn line_up(&mut self, connection: &mut Connection) -> usize {
        self.row.clear();
        let mut total = 0;
        let mut place = std::mem::replace(&mut connection.first_piece, NONE);
        while let Some(piece) = self.pieces.get(place as usize) {
            total += piece.bytes.len();
            self.row.push(piece.bytes);
            place = piece.next;
        }
        total
    }

    /// Forgets everything: the bytes may be gone now.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.row.clear();
    }
}
