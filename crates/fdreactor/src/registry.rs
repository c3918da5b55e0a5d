//! The table of registrations: slots with generations, and which slot a descriptor has.
//!
//! It makes no system call. Its one invariant: a token that was given out stops matching as soon as its registration
//! changes, so whatever still carries it is recognisably stale.

use crate::{sys::fd::Identity, token::Token, trigger::Arming};
use std::{collections::HashMap, os::fd::RawFd};

/// Where a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Watched.
    Armed,
    /// Out of the kernel's set because the user said so.
    Paused,
    /// Silent after its one event.
    Disarmed,
    /// Out of the kernel's set after a hang-up that nobody could have acted on.
    Parked,
}

/// One registration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) fd: RawFd,
    pub(crate) arming: Arming,
    pub(crate) state: State,
    /// Whether the selector holds the descriptor. Not the same as armed: epoll keeps one whose oneshot has fired.
    pub(crate) selected: bool,
    /// The file behind the descriptor when it left the selector, so that a number reused meanwhile is noticed.
    pub(crate) identity: Option<Identity>,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    entry: Option<Entry>,
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    by_fd: HashMap<RawFd, u32>,
}

impl Registry {
    pub(crate) fn len(&self) -> usize {
        self.by_fd.len()
    }

    /// Puts `entry` into a vacant slot. A registration of the same number must have been vacated before.
    pub(crate) fn insert(&mut self, entry: Entry) -> Token {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, entry: None });
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        self.by_fd.insert(entry.fd, slot);
        self.slots[slot as usize].entry = Some(entry);
        self.advance(slot)
    }

    pub(crate) fn get(&self, token: Token) -> Option<&Entry> {
        let slot = self.slots.get(token.slot() as usize)?;
        if slot.generation == token.generation() { slot.entry.as_ref() } else { None }
    }

    pub(crate) fn get_mut(&mut self, token: Token) -> Option<&mut Entry> {
        let slot = self.slots.get_mut(token.slot() as usize)?;
        if slot.generation == token.generation() { slot.entry.as_mut() } else { None }
    }

    /// The registration of `fd`, whatever its state.
    pub(crate) fn find(&self, fd: RawFd) -> Option<Token> {
        let slot = *self.by_fd.get(&fd)?;
        Some(Token::new(slot, self.slots[slot as usize].generation))
    }

    /// The token that [`advance`](Self::advance) will give out next for this slot.
    pub(crate) fn successor(token: Token) -> Token {
        Token::new(token.slot(), token.generation().wrapping_add(1))
    }

    /// Makes every token of the slot stale and returns the one that is valid from now on.
    ///
    /// A generation comes round again after four thousand million changes of one slot, long after the batch that could
    /// still carry it.
    pub(crate) fn advance(&mut self, slot: u32) -> Token {
        let generation = &mut self.slots[slot as usize].generation;
        *generation = generation.wrapping_add(1);
        Token::new(slot, *generation)
    }

    /// Takes a registration out and frees its slot.
    pub(crate) fn vacate(&mut self, token: Token) -> Option<Entry> {
        self.get(token)?;
        let entry = self.slots[token.slot() as usize].entry.take()?;
        self.by_fd.remove(&entry.fd);
        self.advance(token.slot());
        self.vacant.push(token.slot());
        Some(entry)
    }

    /// All registrations, by slot.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        self.by_fd.values().map(|&slot| Token::new(slot, self.slots[slot as usize].generation)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fd: RawFd) -> Entry {
        Entry { fd, arming: Arming::default(), state: State::Armed, selected: true, identity: None }
    }

    #[test]
    fn a_reused_slot_does_not_answer_to_its_predecessors_token() {
        let mut registry = Registry::default();
        let first = registry.insert(entry(5));
        assert!(registry.vacate(first).is_some());
        let second = registry.insert(entry(5));
        assert_eq!(first.slot(), second.slot());
        assert!(registry.get(first).is_none());
        assert!(registry.vacate(first).is_none());
        assert_eq!(registry.find(5), Some(second));
    }

    #[test]
    fn advancing_makes_the_old_token_stale_and_keeps_the_registration() {
        let mut registry = Registry::default();
        let old = registry.insert(entry(7));
        let expected = Registry::successor(old);
        assert_eq!(registry.advance(old.slot()), expected);
        assert!(registry.get(old).is_none());
        assert_eq!(registry.get(expected).map(|entry| entry.fd), Some(7));
        assert_eq!(registry.len(), 1);
    }

    #[test]
    fn a_generation_wraps_round_without_losing_the_registration() {
        let mut registry = Registry::default();
        let token = registry.insert(entry(3));
        registry.slots[token.slot() as usize].generation = u32::MAX;
        let wrapped = registry.advance(token.slot());
        assert_eq!(wrapped.generation(), 0);
        assert_eq!(registry.get(wrapped).map(|entry| entry.fd), Some(3));
    }
}
