//! The bytes of the messages.

/// Where a message begins in the bytes depends on its number, so that one cannot be taken for another. A prime.
const SHIFTS: usize = 4093;

/// Bytes without a pattern, of which each message is a part: nothing is copied to send or to compare one.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) bytes: usize,
    all: Vec<u8>,
}

impl Pattern {
    pub(super) fn new(bytes: usize) -> Self {
        // xorshift64*: the same bytes in each run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut all = Vec::with_capacity(bytes + SHIFTS + 8);
        while all.len() < bytes + SHIFTS {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            all.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
        }
        Self { bytes, all }
    }

    /// A connection's message with this number.
    pub(super) fn message(&self, connection: usize, number: u64) -> &[u8] {
        let mixed = (connection as u64).wrapping_mul(1009).wrapping_add(number.wrapping_mul(31));
        #[allow(clippy::cast_possible_truncation, reason = "less than SHIFTS")]
        let shift = (mixed % SHIFTS as u64) as usize;
        &self.all[shift..shift + self.bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_connection_differ_from_each_other_and_from_those_of_its_neighbour() {
        let pattern = Pattern::new(16);
        let messages: Vec<_> =
            (0..3).flat_map(|connection| (0..1000).map(move |number| (connection, number))).collect();
        for (index, &(connection, number)) in messages.iter().enumerate() {
            assert_eq!(pattern.message(connection, number).len(), 16);
            assert_ne!(pattern.message(connection, number), pattern.message(connection, number + 1));
            assert_ne!(
                pattern.message(connection, number),
                pattern.message(connection + 1, number),
                "{index}"
            );
        }
    }
}
