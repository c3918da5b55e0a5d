//! A reactor under test, with a name for each of its registrations, and the rules that hold in every case.

use crate::conformance::end::End;
use fdreactor::{Arming, Backend, Config, Event, Reactor, Readiness, State, Token};
use std::{
    collections::{BTreeMap, BTreeSet},
    os::fd::RawFd,
    time::Duration,
};

#[derive(Clone, Copy)]
struct Registration {
    fd: RawFd,
    token: Token,
    arming: Arming,
}

/// One record of a batch: whose, and what.
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) readiness: Readiness,
}

/// A reactor that is talked to by names.
pub(crate) struct Watch {
    reactor: Reactor,
    batch_size: usize,
    registrations: BTreeMap<String, Registration>,
}

impl Watch {
    pub(crate) fn new(backend: Backend) -> Result<Self, End> {
        Self::with_batch_size(backend, Config::default().batch_size)
    }

    pub(crate) fn with_batch_size(backend: Backend, batch_size: usize) -> Result<Self, End> {
        let reactor = Reactor::new(&Config { backend, batch_size, ..Config::default() })?;
        Ok(Self { reactor, batch_size, registrations: BTreeMap::new() })
    }

    /// The reactor's own descriptor, if it has one.
    pub(crate) fn fd(&self) -> Option<RawFd> {
        self.reactor.fd()
    }

    pub(crate) fn backend(&self) -> Backend {
        self.reactor.backend()
    }

    pub(crate) fn add(&mut self, name: &str, fd: RawFd, arming: Arming) -> Result<(), End> {
        let before = self.reactor.len();
        let token = match self.reactor.register(fd, arming) {
            Ok(token) => token,
            Err(error) if self.reactor.len() <= before => return Err(error.into()),
            Err(error) => return Err(End::Broken(format!("{error}, and yet registered"))),
        };
        if self.reactor.find(fd) != Ok(token) {
            return Err(End::Broken(format!("{fd} is registered as {token:?}, and not found")));
        }
        self.registrations.insert(name.to_owned(), Registration { fd, token, arming });
        Ok(())
    }

    pub(crate) fn modify(&mut self, name: &str, fd: RawFd, arming: Arming) -> Result<(), End> {
        let old = self.token(name, fd)?;
        match self.reactor.modify(old, arming) {
            Ok(token) => {
                if self.reactor.state(old).is_some() || self.reactor.state(token).is_none() {
                    return Err(End::Broken(format!("{name} was modified, and its old token is still good")));
                }
                self.registrations.insert(name.to_owned(), Registration { fd, token, arming });
                Ok(())
            }
            Err(error) => {
                if self.reactor.state(old).is_none() {
                    self.registrations.remove(name);
                }
                Err(error.into())
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &str, fd: RawFd) -> Result<(), End> {
        let token = self.token(name, fd)?;
        self.registrations.remove(name);
        let outcome = self.reactor.deregister(token);
        // It is gone even where the kernel had its objections.
        if self.reactor.state(token).is_some() || self.reactor.find(fd) == Ok(token) {
            return Err(End::Broken(format!("{name} was removed, and is still registered")));
        }
        Ok(outcome?)
    }

    fn token(&self, name: &str, fd: RawFd) -> Result<Token, End> {
        match self.registrations.get(name) {
            Some(registration) => Ok(registration.token),
            None => Ok(self.reactor.find(fd)?),
        }
    }

    /// One turn.
    pub(crate) fn turn(&mut self, timeout: Duration) -> Result<Vec<Record>, End> {
        let mut batch = Vec::new();
        let armed =
            |registration: &Registration| self.reactor.state(registration.token) == Some(State::Armed);
        let armed: BTreeSet<String> = self
            .registrations
            .iter()
            .filter(|(_, registration)| armed(registration))
            .map(|(name, _)| name.clone())
            .collect();
        self.reactor.turn(Some(timeout), &mut batch)?;
        if batch.len() > self.batch_size {
            return Err(End::Broken(format!("{} records, more than the batch takes", batch.len())));
        }
        let mut records: Vec<Record> = Vec::new();
        for event in batch {
            let name = self.name(event)?;
            if records.iter().any(|record| record.name == name) {
                return Err(End::Broken(format!("two records for {name} in one batch")));
            }
            if !armed.contains(&name) {
                return Err(End::Broken(format!("{name} was not armed, and yet {event:?} came")));
            }
            self.check_state(&name, event)?;
            records.push(Record { name, readiness: event.readiness });
        }
        Ok(records)
    }

    /// Whose an event is. An event whose token is nobody's, or is not its owner's newest, reaches nobody.
    fn name(&self, event: Event) -> Result<String, End> {
        let owner = self.registrations.iter().find(|(_, registration)| registration.token == event.token);
        match owner {
            Some(_) if event.readiness.is_empty() => {
                Err(End::Broken(format!("an event of nothing: {event:?}")))
            }
            Some((name, _)) => Ok(name.clone()),
            None => Err(End::Broken(format!("an event that is nobody's: {event:?}"))),
        }
    }

    fn check_state(&mut self, name: &str, event: Event) -> Result<(), End> {
        let Some(&Registration { fd, arming, .. }) = self.registrations.get(name) else { return Ok(()) };
        let over = Readiness::HANGUP | Readiness::ERROR | Readiness::READ_CLOSED;
        let expected = if event.readiness.contains(Readiness::INVALID) {
            self.registrations.remove(name);
            None
        } else if arming.oneshot {
            Some(State::Disarmed)
        } else if !arming.interest.moves_data() && event.readiness.intersects(over) {
            Some(State::Parked)
        } else {
            Some(State::Armed)
        };
        let state = self.reactor.state(event.token);
        let findable = self.reactor.find(fd) == Ok(event.token);
        if state != expected || findable != expected.is_some() {
            return Err(End::Broken(format!(
                "{name} is {state:?} after {event:?}, and should be {expected:?}"
            )));
        }
        Ok(())
    }
}

/// The table's letters, in its order. Bits that the backend cannot have show as their number, and so match nothing.
const LETTERS: [(Readiness, &str); 7] = [
    (Readiness::READABLE, "I"),
    (Readiness::WRITABLE, "O"),
    (Readiness::PRIORITY, "P"),
    (Readiness::READ_CLOSED, "D"),
    (Readiness::HANGUP, "H"),
    (Readiness::ERROR, "E"),
    (Readiness::INVALID, "N"),
];
const SELECT_LETTERS: [(Readiness, &str); 4] = [
    (Readiness::READABLE, "r"),
    (Readiness::WRITABLE, "w"),
    (Readiness::PRIORITY, "x"),
    (Readiness::INVALID, "N"),
];

/// Writes a readiness as the table does.
pub(crate) fn flags(backend: Backend, readiness: Readiness) -> String {
    let letters: &[(Readiness, &str)] = if backend == Backend::Select { &SELECT_LETTERS } else { &LETTERS };
    let known = letters.iter().fold(Readiness::EMPTY, |sum, &(bit, _)| sum | bit);
    let text: String =
        letters.iter().filter(|(bit, _)| readiness.contains(*bit)).map(|(_, letter)| *letter).collect();
    let rest = readiness.bits() & !known.bits();
    if rest == 0 { text } else { format!("{text}?{rest}") }
}
