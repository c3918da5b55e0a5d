//! What crosses the boundary as one number: tokens and what a registration asks for.

use fdreactor::{Arming, Interest, Token, Trigger};

/// Tokens travel as one number of at most 53 bits, so that no object is made for them.
const SLOT_BITS: u32 = 21;

pub(crate) fn pack(token: Token) -> i64 {
    i64::from(token.slot()) << 32 | i64::from(token.generation())
}

pub(crate) fn unpack(number: i64) -> Option<Token> {
    let slot = u32::try_from(number >> 32).ok().filter(|slot| slot >> SLOT_BITS == 0)?;
    let generation = u32::try_from(number & 0xffff_ffff).ok()?;
    Some(Token::new(slot, generation))
}

/// What a turn returns that ended by a wake, with nothing found. No failure has this code.
pub(crate) const WOKEN: i64 = -1;

/// What the dispatcher is called with when the loop driver rests: it calls `proceed` in a while. No failure has this code.
pub(crate) const RESTING: i64 = -2;

/// Bits 0 to 3 are the interest, then edge, oneshot and exclusive.
pub(crate) fn arming(bits: u32) -> Option<Arming> {
    Some(Arming {
        interest: Interest::from_bits(u8::try_from(bits & 15).ok()?)?,
        trigger: if bits & 16 == 0 { Trigger::Level } else { Trigger::Edge },
        oneshot: bits & 32 != 0,
        exclusive: bits & 64 != 0,
    })
}
