//! The table of listeners and connections: a number for each, and which number a registration has.
//!
//! A number is given out again only after [`Table::release`], which is called when whoever reads the records has read that it
//! is closed: until then nothing can be mistaken for its successor's.

use super::{accept::Listener, connection::Connection};
use std::net::SocketAddr;

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// What is known of a connection that is closed, until its number is free.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remains {
    pub(super) peer: Option<SocketAddr>,
    pub(super) read: u64,
    pub(super) written: u64,
}

#[derive(Debug)]
enum Slot {
    Vacant,
    /// Closed, and its number not yet free. Of a connection there is still something to know.
    Dead(Option<Box<Remains>>),
    Listener(Box<Listener>),
    Connection(Connection),
}

#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    dead: Vec<u32>,
    /// How many of them everybody has heard of.
    sealed: usize,
    /// Numbers by the slot of a registration.
    by_registration: Vec<u32>,
}

impl Table {
    fn insert(&mut self, slot: Slot) -> u32 {
        if let Some(id) = self.vacant.pop() {
            self.slots[id as usize] = slot;
            return id;
        }
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).unwrap_or(NONE)
    }

    pub(super) fn add_connection(&mut self, connection: Connection) -> u32 {
        self.insert(Slot::Connection(connection))
    }

    pub(super) fn add_listener(&mut self, listener: Listener) -> u32 {
        self.insert(Slot::Listener(Box::new(listener)))
    }

    pub(super) fn connection(&mut self, id: u32) -> Option<&mut Connection> {
        match self.slots.get_mut(id as usize) {
            Some(Slot::Connection(connection)) => Some(connection),
            _ => None,
        }
    }

    pub(super) fn listener(&mut self, id: u32) -> Option<&mut Listener> {
        match self.slots.get_mut(id as usize) {
            Some(Slot::Listener(listener)) => Some(listener),
            _ => None,
        }
    }

    /// What is known of a connection that is closed.
    pub(super) fn remains(&self, id: u32) -> Option<Remains> {
        match self.slots.get(id as usize) {
            Some(Slot::Dead(remains)) => remains.as_deref().copied(),
            _ => None,
        }
    }

    /// Takes a connection out; its number is dead.
    pub(super) fn take_connection(&mut self, id: u32) -> Option<Connection> {
        let connection = self.connection(id)?;
        let remains = Remains { peer: connection.peer, read: connection.read, written: connection.written };
        match self.bury(id, Some(Box::new(remains))) {
            Slot::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    /// Takes a listener out; its number is dead.
    pub(super) fn take_listener(&mut self, id: u32) -> Option<Listener> {
        self.listener(id)?;
        match self.bury(id, None) {
            Slot::Listener(listener) => Some(*listener),
            _ => None,
        }
    }

    fn bury(&mut self, id: u32, remains: Option<Box<Remains>>) -> Slot {
        self.dead.push(id);
        std::mem::replace(&mut self.slots[id as usize], Slot::Dead(remains))
    }

    /// Notes that of all that is closed so far it has been told.
    pub(super) fn seal(&mut self) {
        self.sealed = self.dead.len();
    }

    /// Gives the numbers free of what was closed before the last [`seal`](Self::seal).
    pub(super) fn release(&mut self) {
        for id in self.dead.drain(..std::mem::take(&mut self.sealed)) {
            self.slots[id as usize] = Slot::Vacant;
            self.vacant.push(id);
        }
    }

    /// Notes that the registration in `slot` belongs to `id`.
    pub(super) fn bind(&mut self, slot: u32, id: u32) {
        let slot = slot as usize;
        if self.by_registration.len() <= slot {
            self.by_registration.resize(slot + 1, NONE);
        }
        self.by_registration[slot] = id;
    }

    pub(super) fn unbind(&mut self, slot: u32) {
        if let Some(id) = self.by_registration.get_mut(slot as usize) {
            *id = NONE;
        }
    }

    /// Whose registration is in `slot`.
    pub(super) fn owner(&self, slot: u32) -> Option<u32> {
        self.by_registration.get(slot as usize).copied().filter(|&id| id != NONE)
    }
}
