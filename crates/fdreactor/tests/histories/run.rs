//! One history, acted out on a reactor and on the model, which must agree after every step.

use crate::histories::{
    files::{PLACES, number},
    kernel::Serial,
    model::Model,
    op::{Op, Verb},
    refusal::Refusal,
};
use fdreactor::{Backend, Blocking, Config, Event, Reactor, Readiness, State, Stats, Token, Waited};
use proptest::prelude::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{collections::HashMap, fs, time::Duration};

/// How many events a turn takes: mostly all.
pub(crate) fn limits() -> impl Strategy<Value = usize> {
    prop_oneof![2 => Just(1024_usize), 1 => 1..4_usize]
}

/// What a wait found and nobody has delivered yet.
struct Held {
    found: Vec<(Serial, Event)>,
    waited: Waited,
    changes: u64,
}

struct Run {
    reactor: Reactor,
    waiter: Blocking,
    limit: usize,
    model: Model,
    /// What each token ever given out stands for.
    serials: HashMap<Token, Serial>,
    /// The newest token of each place, and the one before.
    tokens: [(Option<Token>, Option<Token>); PLACES],
    held: Option<Held>,
    /// How often in a row each arming was ready and found no room.
    passed_over: HashMap<Serial, usize>,
    steps: usize,
}

/// Acts a history out. Returns how many steps were taken, or what went wrong at which.
pub(crate) fn run(backend: Backend, limit: usize, history: &[Op]) -> Result<usize, String> {
    let before = count_open();
    let mut run = Run::new(backend, limit);
    for (place, &op) in history.iter().enumerate() {
        run.step(op)
            .and_then(|()| run.compare())
            .map_err(|why| format!("step {}, {op}: {why}", place + 1))?;
    }
    let steps = run.steps;
    drop(run);
    equal("open descriptors", count_open(), before)?;
    Ok(steps)
}

fn count_open() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[expect(clippy::needless_pass_by_value, reason = "what is compared is mostly made for it")]
fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}

impl Run {
    fn new(backend: Backend, limit: usize) -> Self {
        let mut reactor = Reactor::new(&Config { backend, batch_size: limit, ..Config::default() }).unwrap();
        let waiter = reactor.lend().unwrap();
        let model = Model::new(backend, reactor.capabilities());
        Self {
            reactor,
            waiter,
            limit,
            model,
            serials: HashMap::new(),
            tokens: [(None, None); PLACES],
            held: None,
            passed_over: HashMap::new(),
            steps: 0,
        }
    }

    /// Whether there is nothing to do it with: no descriptor, no registration.
    fn is_void(&self, op: Op) -> bool {
        match op {
            Op::Dup { from, .. }
            | Op::Close(from)
            | Op::Write(from)
            | Op::Read(from)
            | Op::Drain(from)
            | Op::Fill(from)
            | Op::Shut(from, _) => self.model.files.file(from).is_none(),
            Op::Move { from, to } => from == to || self.model.files.file(from).is_none(),
            Op::Do(at, _) => self.tokens[at].0.is_none(),
            Op::Stale(at, _) => self.tokens[at].1.is_none(),
            _ => false,
        }
    }

    fn step(&mut self, op: Op) -> Result<(), String> {
        // Only what is carried out counts.
        self.steps += usize::from(!self.is_void(op));
        if !matches!(op, Op::Turn | Op::Turns | Op::CrampedTurn | Op::Wait | Op::Deliver) {
            self.passed_over.clear();
        }
        let files = &mut self.model.files;
        match op {
            Op::Open { kind, at, other } => files.open(kind, at, other),
            Op::Dup { from, to } => files.dup(from, to),
            Op::Move { from, to } if from != to => {
                files.dup(from, to);
                files.close(from);
            }
            Op::Move { .. } => {}
            Op::Close(at) => files.close(at),
            Op::Write(at) => files.write(at),
            Op::Read(at) => files.read(at),
            Op::Drain(at) => files.drain(at),
            Op::Fill(at) => files.fill(at),
            Op::Shut(at, both) => files.shut(at, both),
            Op::Register(at, arming) => {
                let expected = self.model.register(at, arming);
                let got = self.reactor.register(number(at), arming);
                equal("register", got.map(|_| ()).map_err(Refusal::from), expected)?;
                if let Ok(token) = got {
                    self.take(at, token)?;
                }
            }
            Op::Do(at, verb) => self.perform(at, verb)?,
            Op::Stale(at, verb) => {
                let Some(token) = self.tokens[at].1 else { return Ok(()) };
                let refused = self.ask(token, verb).map_err(Refusal::from);
                let is_refused =
                    matches!(refused, Err(Refusal::Closed | Refusal::Trigger | Refusal::Interest));
                equal("an old token is refused", is_refused, true)?;
            }
            Op::Wake => {
                self.reactor.waker().wake().unwrap();
                self.model.woken = true;
            }
            Op::Wait => self.wait()?,
            Op::Deliver => self.deliver(false)?,
            Op::Turn => self.turn(false)?,
            Op::CrampedTurn => self.turn(true)?,
            Op::Turns => {
                for _ in 0..8 {
                    self.turn(false)?;
                }
            }
        }
        self.model.follow();
        Ok(())
    }

    /// Remembers a token, which must be a new one.
    fn take(&mut self, at: usize, token: Token) -> Result<(), String> {
        let serial = self.model.registrations[at].as_ref().map(|one| one.serial).unwrap();
        equal("what the token stood for before", self.serials.insert(token, serial), None)?;
        self.tokens[at] = (Some(token), self.tokens[at].0);
        Ok(())
    }

    fn ask(&mut self, token: Token, verb: Verb) -> fdreactor::Result<Token> {
        match verb {
            Verb::Modify(arming) => self.reactor.modify(token, arming),
            Verb::Pause => self.reactor.pause(token),
            Verb::Resume => self.reactor.resume(token),
            Verb::Rearm => self.reactor.rearm(token),
            Verb::Deregister => self.reactor.deregister(token).map(|()| token),
        }
    }

    fn perform(&mut self, at: usize, verb: Verb) -> Result<(), String> {
        let Some(token) = self.tokens[at].0 else { return Ok(()) };
        let expected = self.model.perform(at, verb);
        let got = self.ask(token, verb);
        equal("outcome", got.map(|now| now != token).map_err(Refusal::from), expected)?;
        match got {
            Ok(now) if now != token => self.take(at, now),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, is_cramped: bool) -> Result<(), String> {
        self.deliver(false)?;
        self.wait()?;
        self.deliver(is_cramped)
    }

    /// A wait must find what is ready, and nothing else.
    fn wait(&mut self) -> Result<(), String> {
        if self.held.is_some() {
            return Ok(());
        }
        let expected = self.model.look();
        let mut found = Vec::new();
        let waited = self.waiter.wait(Some(Duration::ZERO), &mut found).map_err(|error| error.to_string())?;
        let mut seen = Vec::new();
        for &event in &found {
            let serial = *self
                .serials
                .get(&event.token)
                .ok_or_else(|| format!("a token never given out: {event:?}"))?;
            let sight = expected.iter().find(|sight| sight.serial == serial);
            equal("found", event.readiness, sight.map_or(Readiness::EMPTY, |sight| sight.readiness))?;
            equal("found twice", seen.iter().any(|&(other, _)| other == serial), false)?;
            seen.push((serial, event));
        }
        let has_room = seen.len() + usize::from(waited.woken) < self.limit;
        for sight in expected.iter().filter(|sight| sight.must) {
            let is_found = seen.iter().any(|&(serial, _)| serial == sight.serial);
            if !is_found && has_room {
                return Err(format!("ready and not found: {:?} of arming {}", sight.readiness, sight.serial));
            }
            let times = self.passed_over.entry(sight.serial).or_default();
            *times = if is_found { 0 } else { *times + 1 };
            // What is ready gets its turn, as does a wake: the limit starves nobody.
            if *times > (expected.len() + 1).div_ceil(self.limit) + 1 {
                return Err(format!("passed over {times} times: arming {}", sight.serial));
            }
        }
        equal("woken", waited.woken, self.model.woken && (waited.woken || has_room))?;
        self.model.woken &= !waited.woken;
        let serials: Vec<Serial> = seen.iter().map(|&(serial, _)| serial).collect();
        self.model.looked(&serials, has_room);
        self.held = Some(Held { found: seen, waited, changes: self.model.changes });
        Ok(())
    }

    /// A delivery must drop what is stale, and tell what else was found.
    fn deliver(&mut self, is_cramped: bool) -> Result<(), String> {
        let Some(Held { found, waited, changes }) = self.held.take() else { return Ok(()) };
        let (rebuilds, unchanged) = (self.model.stats.rebuilds, changes == self.model.changes);
        let expected = self.model.deliver(&found, unchanged, is_cramped);
        let events: Vec<Event> = found.iter().map(|&(_, event)| event).collect();
        let mut batch = Vec::new();
        let limits = getrlimit(Resource::Nofile);
        if is_cramped {
            setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..limits }).unwrap();
        }
        self.reactor.deliver(&events, waited, &mut batch);
        setrlimit(Resource::Nofile, limits).unwrap();
        self.model.stats.events += batch.len() as u64;
        let owed = batch.split_off(expected.len().min(batch.len()));
        let room = self.limit - expected.len();
        equal("delivered", batch, expected)?;
        equal("events of its own making", owed.len(), room.min(self.model.owed.len()))?;
        for event in owed {
            equal("its readiness", event.readiness, Readiness::INVALID)?;
            let place =
                self.model.owed.iter().position(|serial| self.serials.get(&event.token) == Some(serial));
            self.model.owed.swap_remove(place.ok_or_else(|| format!("it is not owed: {event:?}"))?);
        }
        self.model.woken |= !self.model.owed.is_empty();
        if self.model.stats.rebuilds > rebuilds {
            self.waiter = self.reactor.lend().ok_or("no new waiter after a rebuild")?;
        }
        if self.model.changes > changes {
            self.passed_over.clear();
        }
        Ok(())
    }

    /// The reactor is where the model is.
    fn compare(&self) -> Result<(), String> {
        // How long turns take and what the kernel is asked are no part of the contract.
        let kept = Stats { changes: 0, slowest_turn: Duration::ZERO, ..self.reactor.stats() };
        equal("stats", kept, self.model.stats)?;
        equal("len", self.reactor.len(), self.model.registrations.iter().flatten().count())?;
        for at in 0..PLACES {
            let state: Option<State> = self.model.registrations[at].as_ref().map(|one| one.state);
            let (token, old) = self.tokens[at];
            let now = |token: Option<Token>| token.and_then(|token| self.reactor.state(token));
            equal("state", now(token), state)?;
            equal("state of an old token", now(old), None)?;
            let found = self.reactor.find(number(at)).ok();
            equal("find", found, token.filter(|_| state.is_some()))?;
        }
        Ok(())
    }
}
