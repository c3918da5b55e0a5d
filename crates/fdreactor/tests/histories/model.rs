//! The registrations as the contract has them: what each verb must do and say, and what a delivery makes of what was found.

use crate::histories::{
    files::{Files, Identity, PLACES},
    kernel::{Kernel, Serial, Sight, scan},
    op::Verb,
    refusal::Refusal,
};
use fdreactor::{Arming, Backend, Capabilities, Event, Interest, Readiness, State, Stats, Trigger};
use rustix::io::Errno;

type Outcome = Result<(), Refusal>;

pub(crate) struct Registration {
    pub(crate) serial: Serial,
    pub(crate) arming: Arming,
    pub(crate) state: State,
    /// Whether the backend has its number.
    pub(crate) selected: bool,
    /// The file when it left the backend.
    pub(crate) identity: Option<Identity>,
}

pub(crate) struct Model {
    backend: Backend,
    can: Capabilities,
    pub(crate) files: Files,
    kernel: Kernel,
    /// By place.
    pub(crate) registrations: [Option<Registration>; PLACES],
    next: Serial,
    /// Moves with every change of what is watched.
    pub(crate) changes: u64,
    /// Registrations that were closed and whose `INVALID` has found no room yet.
    pub(crate) owed: Vec<Serial>,
    pub(crate) stats: Stats,
    /// Whether the next wait is to be ended by a wake.
    pub(crate) woken: bool,
}

impl Model {
    pub(crate) fn new(backend: Backend, can: Capabilities) -> Self {
        Self {
            backend,
            can,
            files: Files::new(),
            kernel: Kernel::default(),
            registrations: [const { None }; PLACES],
            next: 0,
            changes: 0,
            owed: Vec::new(),
            stats: Stats::default(),
            woken: false,
        }
    }

    fn is_epoll(&self) -> bool {
        self.backend == Backend::Epoll
    }

    fn check(&self, arming: Arming) -> Outcome {
        let lost = Interest::PRIORITY | Interest::DISCONNECT;
        if arming.trigger == Trigger::Edge && !self.can.edge {
            Err(Refusal::Trigger)
        } else if arming.exclusive
            && (!self.can.exclusive || arming.oneshot || arming.interest.intersects(lost))
        {
            Err(Refusal::Interest)
        } else {
            Ok(())
        }
    }

    fn fresh_serial(&mut self) -> Serial {
        self.next += 1;
        self.changes += 1;
        self.next
    }

    fn vacate(&mut self, at: usize) {
        self.registrations[at] = None;
        self.changes += 1;
    }

    fn add(&mut self, at: usize, serial: Serial, arming: Arming) -> Outcome {
        let file = self.files.file(at).ok_or(Errno::BADF)?;
        if self.is_epoll() {
            self.kernel.add((at, file), serial, arming);
        }
        Ok(())
    }

    /// Takes the number out of the backend.
    fn remove(&mut self, at: usize) -> Outcome {
        if self.is_epoll() {
            let file = self.files.file(at).ok_or(Errno::BADF)?;
            self.kernel.remove((at, file))?;
        }
        Ok(())
    }

    fn is_same_file(&self, at: usize, present: &Registration) -> Outcome {
        let now = self.files.identity(at).ok_or(Errno::BADF)?;
        if present.identity == Some(now) { Ok(()) } else { Err(Errno::NOENT.into()) }
    }

    /// What `register` must do. The registration's serial is the newest.
    pub(crate) fn register(&mut self, at: usize, arming: Arming) -> Outcome {
        self.check(arming)?;
        if let Some(present) = &self.registrations[at] {
            // A scan holds numbers; epoll knows its files, and what has left is known by its identity.
            let stays = if !present.selected {
                self.is_same_file(at, present).is_ok()
            } else if self.is_epoll() {
                self.files.file(at).is_some_and(|file| self.kernel.has((at, file)))
            } else {
                true
            };
            if stays {
                return Err(Errno::EXIST.into());
            }
            self.vacate(at);
        }
        let is_paused = arming.interest.is_empty();
        let serial = self.next + 1;
        let identity = if is_paused { Some(self.files.identity(at).ok_or(Errno::BADF)?) } else { None };
        if !is_paused {
            self.add(at, serial, arming)?;
        }
        self.fresh_serial();
        let state = if is_paused { State::Paused } else { State::Armed };
        self.registrations[at] = Some(Registration { serial, arming, state, selected: !is_paused, identity });
        Ok(())
    }

    /// What a verb must do to the registration of a place. Whether its token changes.
    pub(crate) fn perform(&mut self, at: usize, verb: Verb) -> Result<bool, Refusal> {
        if let Verb::Modify(arming) = verb {
            self.check(arming)?;
        }
        let present = self.registrations[at].as_ref().ok_or(Refusal::Closed)?;
        let armed = |arming: Arming| {
            if arming.interest.is_empty() { State::Paused } else { State::Armed }
        };
        let (arming, state) = match verb {
            Verb::Deregister => {
                let outcome = if present.selected { self.remove(at) } else { Ok(()) };
                self.vacate(at);
                return outcome.map(|()| false);
            }
            Verb::Resume if present.state != State::Paused => return Ok(false),
            Verb::Pause => (present.arming, State::Paused),
            Verb::Resume | Verb::Rearm => (present.arming, armed(present.arming)),
            Verb::Modify(arming) => (arming, armed(arming)),
        };
        let outcome = self.change(at, arming, state == State::Armed);
        let identity = match outcome {
            Ok(identity) => identity,
            Err(error) => {
                self.vacate(at);
                // What has the number now is not watched either.
                let _ = self.remove(at);
                return Err(error);
            }
        };
        let serial = self.fresh_serial();
        let selected = state == State::Armed;
        self.registrations[at] = Some(Registration { serial, arming, state, selected, identity });
        Ok(true)
    }

    fn change(&mut self, at: usize, arming: Arming, select: bool) -> Result<Option<Identity>, Refusal> {
        let serial = self.next + 1;
        let present = self.registrations[at].as_ref().ok_or(Refusal::Closed)?;
        let identity = present.identity;
        match (present.selected, select) {
            (true, true) => {
                let file = self.files.file(at).ok_or(Errno::BADF)?;
                if self.is_epoll() {
                    self.kernel.modify((at, file), serial, arming)?;
                }
                Ok(identity)
            }
            (true, false) => {
                let now = self.files.identity(at).ok_or(Errno::BADF)?;
                self.remove(at)?;
                Ok(Some(now))
            }
            (false, true) => {
                self.is_same_file(at, present)?;
                self.add(at, serial, arming)?;
                Ok(identity)
            }
            (false, false) => Ok(identity),
        }
    }

    /// Takes in what happened to the files.
    pub(crate) fn follow(&mut self) {
        self.kernel.follow(&mut self.files);
    }

    /// What a wait may find now.
    pub(crate) fn look(&self) -> Vec<Sight> {
        if self.is_epoll() {
            return self.kernel.look(&self.files);
        }
        let open = self.registrations.iter().enumerate().filter_map(|(at, one)| Some((at, one.as_ref()?)));
        scan(self.backend, open.filter(|(_, one)| one.selected))
    }

    /// What a wait leaves behind that found these.
    pub(crate) fn looked(&mut self, found: &[Serial], all: bool) {
        self.kernel.looked(&self.files, found, all);
    }

    /// What a delivery must make of what was found: which events come out of it. `unchanged`: nothing changed since
    /// the wait. `is_cramped`: no new set can be had.
    pub(crate) fn deliver(
        &mut self,
        found: &[(Serial, Event)],
        unchanged: bool,
        is_cramped: bool,
    ) -> Vec<Event> {
        let mut batch = Vec::new();
        let mut out_of_reach = false;
        for &(serial, event) in found {
            let place = self
                .registrations
                .iter()
                .position(|one| one.as_ref().is_some_and(|one| one.serial == serial && one.selected));
            if let Some(at) = place {
                out_of_reach |= self.settle(at, event.readiness);
                batch.push((serial, event));
            } else {
                self.stats.stale += 1;
                out_of_reach |= unchanged;
            }
        }
        if out_of_reach && self.is_epoll() && !is_cramped {
            self.rebuild(&mut batch);
        }
        self.stats.waits += 1;
        batch.into_iter().map(|(_, event)| event).collect()
    }

    /// What an event entails for its registration. Whether its entry is out of reach.
    fn settle(&mut self, at: usize, readiness: Readiness) -> bool {
        let over = Readiness::HANGUP | Readiness::ERROR | Readiness::READ_CLOSED;
        let kernel_oneshot = self.is_epoll();
        let Some(present) = &mut self.registrations[at] else { return false };
        if readiness.contains(Readiness::INVALID) {
            self.vacate(at);
            return false;
        }
        if present.arming.oneshot {
            present.state = State::Disarmed;
            if kernel_oneshot {
                return false;
            }
        } else if !present.arming.interest.moves_data() && readiness.intersects(over) {
            present.state = State::Parked;
            self.stats.parked += 1;
        } else {
            return false;
        }
        present.selected = false;
        self.changes += 1;
        let identity = self.files.identity(at);
        let outcome = self.remove(at);
        if let Some(present) = &mut self.registrations[at] {
            present.identity = identity.filter(|_| outcome.is_ok());
        }
        outcome.is_err()
    }

    /// A new set has what the old one had by its number, but for spent oneshots. What it cannot have is told so, once.
    fn rebuild(&mut self, batch: &mut [(Serial, Event)]) {
        let old = std::mem::take(&mut self.kernel);
        self.stats.rebuilds += 1;
        self.changes += 1;
        for at in 0..PLACES {
            let Some(present) = self.registrations[at].as_mut().filter(|one| one.selected) else { continue };
            let (serial, arming) = (present.serial, present.arming);
            if !self.files.file(at).is_some_and(|file| old.has((at, file))) {
                match batch.iter_mut().find(|(other, _)| *other == serial) {
                    Some((_, event)) => event.readiness |= Readiness::INVALID,
                    None => self.owed.push(serial),
                }
                self.vacate(at);
            } else if present.state == State::Disarmed {
                present.selected = false;
                present.identity = self.files.identity(at);
            } else {
                self.add(at, serial, arming).unwrap();
            }
        }
    }
}
