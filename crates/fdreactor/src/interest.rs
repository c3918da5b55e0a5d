//! What a registration asks for. Pure vocabulary: no system's constants here.

use std::ops::{BitOr, BitOrAssign};

/// A set of the conditions that a registration asks to hear of.
///
/// The empty set is a pause: the descriptor is out of the kernel's set and hears nothing.
/// Hang-up and error need no asking: they come with any non-empty interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Nothing: a pause.
    pub const NONE: Self = Self(0);
    /// Data, a connection to accept, or an end to read. Asks for the peer's half-close too, as mio does.
    pub const READABLE: Self = Self(1);
    /// Room to write, or a connection that was established or refused.
    pub const WRITABLE: Self = Self(2);
    /// Urgent data and other exceptional conditions (`EPOLLPRI`, select's third set).
    pub const PRIORITY: Self = Self(4);
    /// The peer's half-close alone (`EPOLLRDHUP`), without hearing of data.
    pub const DISCONNECT: Self = Self(8);

    const ALL: u8 = 15;

    /// Makes a set from its bits; `None` if a bit has no meaning.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL == 0 { Some(Self(bits)) } else { None }
    }

    /// The bits: 1 readable, 2 writable, 4 priority, 8 disconnect.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether nothing is asked.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether everything in `other` is asked.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anything in `other` is asked.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether data may flow: readable or writable is asked.
    ///
    /// With neither, a hang-up cannot be acted on by reading or writing, so it is told once and the registration is parked.
    pub const fn moves_data(self) -> bool {
        self.intersects(Self(Self::READABLE.0 | Self::WRITABLE.0))
    }
}

impl BitOr for Interest {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
