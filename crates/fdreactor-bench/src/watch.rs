//! A reactor over a set of descriptors, driven from Rust alone.

use crate::set::DescriptorSet;
use fdreactor::{Arming, Backend, Config, Error, Event, Interest, Reactor, Result, Syscall, Token, Trigger};
use std::time::Duration;

/// A reactor that watches a whole set for reading.
pub struct Watch {
    reactor: Reactor,
    tokens: Vec<Token>,
    batch: Vec<Event>,
    arming: Arming,
}

impl Watch {
    /// A reactor that takes all of `set` in one batch, and watches none of it yet.
    ///
    /// # Errors
    /// What [`Reactor::new`] says.
    pub fn new(backend: Backend, trigger: Trigger, set: &DescriptorSet) -> Result<Self> {
        let batch_size = set.len().max(64);
        let arming = Arming { trigger, ..Arming::level(Interest::READABLE) };
        Ok(Self {
            reactor: Reactor::new(&Config { backend, batch_size, unbounded_select: true })?,
            tokens: Vec::with_capacity(set.len()),
            batch: Vec::with_capacity(batch_size),
            arming,
        })
    }

    /// Registers all of `set`.
    ///
    /// # Errors
    /// What [`Reactor::register`] says.
    pub fn register(&mut self, set: &DescriptorSet) -> Result<()> {
        for fd in set.watched() {
            self.tokens.push(self.reactor.register(fd, self.arming)?);
        }
        Ok(())
    }

    /// Modifies every registration once, to what it was.
    ///
    /// # Errors
    /// What [`Reactor::modify`] says.
    pub fn modify(&mut self) -> Result<()> {
        for token in &mut self.tokens {
            *token = self.reactor.modify(*token, self.arming)?;
        }
        Ok(())
    }

    /// Closes every registration.
    ///
    /// # Errors
    /// What [`Reactor::deregister`] says.
    pub fn deregister(&mut self) -> Result<()> {
        for token in self.tokens.drain(..) {
            self.reactor.deregister(token)?;
        }
        Ok(())
    }

    /// Makes `active` descriptors ready and waits for their events, `rounds` times, calling `each` for every event.
    /// Returns how many there were.
    ///
    /// # Errors
    /// What the set and [`Reactor::turn`] say; a wait that finds nothing although something is ready.
    pub fn rounds(
        &mut self,
        set: &DescriptorSet,
        active: usize,
        rounds: usize,
        mut each: impl FnMut(&Event),
    ) -> Result<usize> {
        let mut heard = 0;
        for _ in 0..rounds {
            let mut missing = set.stimulate(active).map_err(|error| Error::System {
                syscall: Syscall::Write,
                errno: error.raw_os_error().unwrap_or_default(),
            })?;
            while missing > 0 {
                self.reactor.turn(Some(Duration::ZERO), &mut self.batch)?;
                if self.batch.is_empty() {
                    return Ok(heard);
                }
                self.batch.iter().for_each(&mut each);
                heard += self.batch.len();
                missing = missing.saturating_sub(self.batch.len());
            }
        }
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::set::Kind;

    #[test]
    fn every_stimulus_is_heard_once_on_every_backend_and_kind()
    -> std::result::Result<(), Box<dyn std::error::Error>> {
        for kind in [Kind::Eventfd, Kind::Pipe, Kind::Socket] {
            let set = DescriptorSet::new(kind, 50)?;
            let backends = [
                (Backend::native(), Trigger::Level),
                (Backend::native(), Trigger::Edge),
                (Backend::Poll, Trigger::Level),
                (Backend::Select, Trigger::Level),
            ];
            for (backend, trigger) in backends {
                set.calm();
                let mut watch = Watch::new(backend, trigger, &set)?;
                watch.register(&set)?;
                let mut seen = 0;
                assert_eq!(watch.rounds(&set, 7, 3, |_| seen += 1)?, 21, "{kind:?} {backend:?} {trigger:?}");
                assert_eq!(seen, 21);
                watch.modify()?;
                assert_eq!(watch.rounds(&set, 50, 2, |_| {})?, 100, "{kind:?} {backend:?} {trigger:?}");
                watch.deregister()?;
                assert_eq!(watch.rounds(&set, 50, 1, |_| {})?, 0);
            }
        }
        Ok(())
    }
}
