//! The identity of a registration: never the number of its descriptor.

/// A slot of the registry and the generation that lives in it.
///
/// The generation moves on whenever the registration is modified, paused, resumed, re-armed or closed, so that an event
/// found before such a change can be told from one found after it, and a slot's next owner never gets its predecessor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    slot: u32,
    generation: u32,
}

impl Token {
    /// The waker's own, which no registration can have: the registry never grows that far.
    pub(crate) const WAKER: Self = Self { slot: u32::MAX, generation: u32::MAX };

    /// Puts a token together.
    pub const fn new(slot: u32, generation: u32) -> Self {
        Self { slot, generation }
    }

    /// The index in the registry.
    pub const fn slot(self) -> u32 {
        self.slot
    }

    /// Which of the slot's armings this is.
    pub const fn generation(self) -> u32 {
        self.generation
    }

    pub(crate) const fn to_word(self) -> u64 {
        (self.generation as u64) << 32 | self.slot as u64
    }

    #[allow(clippy::cast_possible_truncation, reason = "the two halves of the word are taken apart")]
    pub(crate) const fn from_word(word: u64) -> Self {
        Self { slot: word as u32, generation: (word >> 32) as u32 }
    }
}
