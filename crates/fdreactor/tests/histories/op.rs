//! What can happen in a history: plain data, so that it can be drawn, shortened and read.
//!
//! All of it names one of a few places, each a number of a descriptor that may be open or not. Verbs go to the registration
//! of the place's number.

use crate::histories::files::{Kind, PLACES};
use fdreactor::{Arming, Backend, Interest, Trigger};
use proptest::{collection::vec, prelude::*};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Opens two ends (of an eventfd one), on whatever these numbers were.
    Open {
        kind: Kind,
        at: usize,
        other: usize,
    },
    /// dup2(2).
    Dup {
        from: usize,
        to: usize,
    },
    /// The same, and the first number is closed: the file lives on under another one.
    Move {
        from: usize,
        to: usize,
    },
    /// close(2), and the reactor is not told.
    Close(usize),
    Write(usize),
    /// One byte, or what is there of an eventfd.
    Read(usize),
    /// All there is.
    Drain(usize),
    /// All that goes in.
    Fill(usize),
    /// Ends the writing direction, or both.
    Shut(usize, bool),
    Register(usize, Arming),
    Do(usize, Verb),
    /// The same with a token that has been replaced.
    Stale(usize, Verb),
    Wake,
    /// A wait, and the delivery of what it found.
    Turn,
    /// A few of them, so that a limit on their events shows whom it starves.
    Turns,
    /// One with no descriptor to spare, so that no new set can be had.
    CrampedTurn,
    /// The wait alone: what follows comes between it and its delivery.
    Wait,
    Deliver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Modify(Arming),
    Pause,
    Resume,
    Rearm,
    Deregister,
}

fn arming(backend: Backend) -> impl Strategy<Value = Arming> {
    let (readable, writable) = (Interest::READABLE, Interest::WRITABLE);
    let interest = prop_oneof![
        4 => Just(readable),
        2 => Just(writable),
        3 => Just(readable | writable),
        2 => Just(Interest::DISCONNECT),
        1 => Just(Interest::PRIORITY),
        1 => Just(writable | Interest::DISCONNECT | Interest::PRIORITY),
        1 => Just(Interest::NONE),
    ];
    // A scan refuses edges: once in a while is enough.
    let edges = if backend == Backend::Epoll { 0.4 } else { 0.05 };
    (interest, prop::bool::weighted(edges), prop::bool::weighted(0.25), prop::bool::weighted(0.05)).prop_map(
        |(interest, edge, oneshot, exclusive)| {
            let trigger = if edge { Trigger::Edge } else { Trigger::Level };
            Arming { interest, trigger, oneshot, exclusive }
        },
    )
}

fn op(backend: Backend) -> impl Strategy<Value = Op> {
    // Two places are favourites: what takes several steps on one of them comes to pass.
    let at = || prop_oneof![2 => 0..PLACES, 1 => 0..2_usize];
    let kind = prop_oneof![3 => Just(Kind::Pair), 2 => Just(Kind::Pipe), 2 => Just(Kind::Eventfd)];
    let verb = || {
        prop_oneof![
            3 => arming(backend).prop_map(Verb::Modify),
            3 => Just(Verb::Pause),
            3 => Just(Verb::Resume),
            3 => Just(Verb::Rearm),
            3 => Just(Verb::Deregister),
        ]
    };
    prop_oneof![
        3 => (kind, at(), 1..PLACES)
            .prop_map(|(kind, at, step)| Op::Open { kind, at, other: (at + step) % PLACES }),
        2 => (at(), at()).prop_map(|(from, to)| Op::Dup { from, to }),
        3 => (at(), at()).prop_map(|(from, to)| Op::Move { from, to }),
        3 => at().prop_map(Op::Close),
        6 => at().prop_map(Op::Write),
        2 => at().prop_map(Op::Read),
        4 => at().prop_map(Op::Drain),
        1 => at().prop_map(Op::Fill),
        1 => (at(), any::<bool>()).prop_map(|(at, both)| Op::Shut(at, both)),
        10 => (at(), arming(backend)).prop_map(|(at, arming)| Op::Register(at, arming)),
        10 => (at(), verb()).prop_map(|(at, verb)| Op::Do(at, verb)),
        1 => (at(), verb()).prop_map(|(at, verb)| Op::Stale(at, verb)),
        1 => Just(Op::Wake),
        10 => Just(Op::Turn),
        1 => Just(Op::Turns),
        2 => Just(Op::CrampedTurn),
        4 => Just(Op::Wait),
        3 => Just(Op::Deliver),
    ]
}

/// A history of some length.
pub(crate) fn history(backend: Backend) -> impl Strategy<Value = Vec<Op>> {
    vec(op(backend), 1..100)
}

fn words(arming: Arming) -> String {
    let asked = |interest, name| arming.interest.contains(interest).then_some(name);
    let conditions = [
        asked(Interest::READABLE, "readable"),
        asked(Interest::WRITABLE, "writable"),
        asked(Interest::PRIORITY, "priority"),
        asked(Interest::DISCONNECT, "disconnect"),
    ];
    let how = [
        (arming.trigger == Trigger::Edge).then_some("edge"),
        arming.oneshot.then_some("oneshot"),
        arming.exclusive.then_some("exclusive"),
    ];
    let conditions: Vec<&str> = conditions.into_iter().flatten().collect();
    let conditions = if conditions.is_empty() { "nothing".to_owned() } else { conditions.join("|") };
    [conditions.as_str()].into_iter().chain(how.into_iter().flatten()).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Modify(arming) => write!(f, "modify to {}", words(*arming)),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Rearm => f.write_str("rearm"),
            Self::Deregister => f.write_str("deregister"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { kind: Kind::Eventfd, at, .. } => write!(f, "open an eventfd at {at}"),
            Self::Open { kind: Kind::Pair, at, other } => write!(f, "open a pair at {at} and {other}"),
            Self::Open { kind: Kind::Pipe, at, other } => {
                write!(f, "open a pipe, reader at {at}, writer at {other}")
            }
            Self::Dup { from, to } => write!(f, "dup {from} to {to}"),
            Self::Move { from, to } => write!(f, "move {from} to {to}"),
            Self::Close(at) => write!(f, "close {at}"),
            Self::Write(at) => write!(f, "write {at}"),
            Self::Read(at) => write!(f, "read {at}"),
            Self::Drain(at) => write!(f, "drain {at}"),
            Self::Fill(at) => write!(f, "fill {at}"),
            Self::Shut(at, both) => write!(f, "shut {} of {at}", if *both { "both" } else { "writing" }),
            Self::Register(at, arming) => write!(f, "register {at} for {}", words(*arming)),
            Self::Do(at, verb) => write!(f, "{at}: {verb}"),
            Self::Stale(at, verb) => write!(f, "{at}, by an old token: {verb}"),
            Self::Wake => f.write_str("wake"),
            Self::Turn => f.write_str("turn"),
            Self::Turns => f.write_str("eight turns"),
            Self::CrampedTurn => f.write_str("turn without a descriptor to spare"),
            Self::Wait => f.write_str("wait"),
            Self::Deliver => f.write_str("deliver"),
        }
    }
}
