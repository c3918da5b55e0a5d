//! Descriptors that are closed, and numbers that are reused, behind the reactor's back.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod common;

use common::{close, high_number, pair, poll, put, reactors, replace};
use fdreactor::{Arming, Backend, Config, Error, Event, Interest, Reactor, Readiness, Token};
use std::{io::Write, os::fd::AsRawFd, time::Duration};

#[test]
fn a_paused_number_that_was_reused_is_not_resumed_on_its_new_file() {
    for mut reactor in reactors() {
        let (left, _right) = pair();
        let (other, mut peer) = pair();
        let token = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap();
        let token = reactor.pause(token).unwrap();
        peer.write_all(b"x").unwrap();
        replace(&other, &left);
        let error = reactor.resume(token).unwrap_err();
        assert_eq!(error.errno(), libc::ENOENT);
        assert_eq!(reactor.state(token), None);
        assert_eq!(reactor.len(), 0);
        assert_eq!(poll(&mut reactor), []);
    }
}

#[test]
fn a_number_that_was_closed_while_paused_can_be_registered_again() {
    for mut reactor in reactors() {
        let (left, _right) = pair();
        let (other, mut peer) = pair();
        let token = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap();
        let token = reactor.pause(token).unwrap();
        let again = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap_err();
        assert_eq!(again.errno(), libc::EEXIST, "the same file is registered already");
        replace(&other, &left);
        peer.write_all(b"x").unwrap();
        let fresh = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap();
        assert_eq!(reactor.state(token), None);
        assert_eq!(poll(&mut reactor), [Event { token: fresh, readiness: Readiness::READABLE }]);
    }
}

#[test]
fn a_descriptor_closed_under_a_duplicate_costs_one_stale_event_and_then_nothing() {
    for mut reactor in reactors().filter(|reactor| reactor.fd().is_some()) {
        let (left, mut right) = pair();
        let (beside, mut peer) = pair();
        let number = high_number(&left, 930);
        let keep = reactor.register(beside.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap();
        let token = reactor.register(number, Arming::level(Interest::READABLE)).unwrap();
        close(number);
        let error = reactor.deregister(token).unwrap_err();
        assert_eq!(error.errno(), libc::EBADF, "what the kernel said is reported");
        right.write_all(b"x").unwrap();
        let before = reactor.fd();
        assert_eq!(poll(&mut reactor), []);
        assert_eq!((reactor.stats().stale, reactor.stats().rebuilds), (1, 1));
        assert_ne!(reactor.fd(), before);
        for _ in 0..3 {
            assert_eq!(poll(&mut reactor), []);
        }
        assert_eq!((reactor.stats().stale, reactor.stats().rebuilds), (1, 1));
        peer.write_all(b"x").unwrap();
        assert_eq!(poll(&mut reactor), [Event { token: keep, readiness: Readiness::READABLE }]);
        reactor.waker().wake().unwrap();
        assert_eq!(poll(&mut reactor).len(), 1, "the waker survives");
    }
}

#[test]
fn a_hang_up_under_a_duplicate_is_told_once_although_its_number_is_closed() {
    for mut reactor in reactors().filter(|reactor| reactor.fd().is_some()) {
        let (left, right) = pair();
        let number = high_number(&left, 870);
        let token = reactor.register(number, Arming::level(Interest::DISCONNECT)).unwrap();
        close(number);
        drop(right);
        let all = Readiness::READ_CLOSED | Readiness::HANGUP;
        assert_eq!(poll(&mut reactor), [Event { token, readiness: all }]);
        assert_eq!((reactor.stats().parked, reactor.stats().rebuilds), (1, 1));
        assert_eq!(poll(&mut reactor), []);
        assert_eq!((reactor.stats().stale, reactor.stats().rebuilds), (0, 1));
    }
}

#[test]
fn a_rebuilt_set_does_not_watch_a_stranger_that_has_a_closed_descriptors_number() {
    for mut reactor in reactors().filter(|reactor| reactor.fd().is_some()) {
        let (cause, mut peer) = pair();
        let (stranger, mut far) = pair();
        let reused = high_number(&pair().0, 840);
        let victim = reactor.register(reused, Arming::level(Interest::READABLE)).unwrap();
        put(&stranger, reused);
        far.write_all(b"x").unwrap();
        let number = high_number(&cause, 850);
        let token = reactor.register(number, Arming::level(Interest::READABLE)).unwrap();
        close(number);
        assert!(reactor.deregister(token).is_err());
        peer.write_all(b"x").unwrap();
        assert_eq!(poll(&mut reactor), [Event { token: victim, readiness: Readiness::INVALID }]);
        assert_eq!((reactor.stats().rebuilds, reactor.len()), (1, 0));
        assert_eq!(poll(&mut reactor), []);
        close(reused);
    }
}

#[test]
fn what_a_rebuild_ends_is_told_so_in_the_one_event_of_the_turn() {
    for mut reactor in reactors().filter(|reactor| reactor.fd().is_some()) {
        let (left, mut right) = pair();
        let (cause, mut peer) = pair();
        let victim = high_number(&left, 760);
        let told = reactor.register(victim, Arming::level(Interest::READABLE)).unwrap();
        close(victim);
        let number = high_number(&cause, 770);
        let token = reactor.register(number, Arming::level(Interest::READABLE)).unwrap();
        close(number);
        assert!(reactor.deregister(token).is_err());
        right.write_all(b"x").unwrap();
        peer.write_all(b"x").unwrap();
        let readiness = Readiness::READABLE | Readiness::INVALID;
        assert_eq!(poll(&mut reactor), [Event { token: told, readiness }]);
        assert_eq!((reactor.stats().rebuilds, reactor.len()), (1, 0));
        assert_eq!(poll(&mut reactor), []);
    }
}

#[test]
fn what_a_full_batch_leaves_over_is_owed_and_a_wake_says_so() {
    let native = Backend::native();
    let mut reactor = Reactor::new(&Config { backend: native, batch_size: 1, ..Config::default() }).unwrap();
    let (cause, mut peer) = pair();
    let victims = [810, 811, 812].map(|floor| {
        let number = high_number(&pair().0, floor);
        let token = reactor.register(number, Arming::level(Interest::READABLE)).unwrap();
        close(number);
        token
    });
    let number = high_number(&cause, 820);
    let token = reactor.register(number, Arming::level(Interest::READABLE)).unwrap();
    close(number);
    assert!(reactor.deregister(token).is_err());
    peer.write_all(b"x").unwrap();
    let mut told = Vec::new();
    let mut batch = Vec::new();
    let mut found = Vec::new();
    let mut waiter = reactor.lend().unwrap();
    while told.len() < victims.len() {
        let outcome = waiter.wait(Some(Duration::ZERO), &mut found).unwrap();
        assert!(!found.is_empty() || waiter.owes(), "{told:?}");
        reactor.deliver(&found, outcome, &mut batch);
        assert!(batch.len() <= 1);
        told.append(&mut batch);
        waiter = reactor.lend().unwrap_or(waiter);
    }
    told.sort_by_key(|event| event.token.slot());
    assert_eq!(told, victims.map(|token| Event { token, readiness: Readiness::INVALID }));
    assert!(!waiter.owes());
}

#[test]
fn a_number_that_went_to_a_file_that_cannot_be_watched_takes_its_old_registration_away() {
    for mut reactor in reactors().filter(|reactor| reactor.fd().is_some()) {
        let number = high_number(&pair().0, 790);
        let token = reactor.register(number, Arming::level(Interest::READABLE)).unwrap();
        put(&std::fs::File::open("/dev/null").unwrap(), number);
        let refused = reactor.register(number, Arming::level(Interest::READABLE)).unwrap_err();
        assert_eq!(refused.errno(), libc::EPERM);
        assert_eq!((reactor.state(token), reactor.len()), (None, 0));
        close(number);
    }
}

#[test]
fn a_rebuilt_set_gives_no_second_event_to_a_spent_oneshot() {
    for mut reactor in reactors().filter(|reactor| reactor.fd().is_some()) {
        let (once, _peer) = pair();
        let (left, _right) = pair();
        let spent = reactor.register(once.as_raw_fd(), Arming::oneshot(Interest::WRITABLE)).unwrap();
        assert_eq!(poll(&mut reactor).len(), 1);
        let number = high_number(&left, 960);
        let token = reactor.register(number, Arming::level(Interest::WRITABLE)).unwrap();
        close(number);
        assert!(reactor.deregister(token).is_err());
        assert_eq!(poll(&mut reactor), []);
        assert_eq!(reactor.stats().rebuilds, 1);
        assert_eq!(poll(&mut reactor), []);
        let spent = reactor.rearm(spent).unwrap();
        assert_eq!(poll(&mut reactor), [Event { token: spent, readiness: Readiness::WRITABLE }]);
    }
}

#[test]
fn a_closed_descriptor_is_told_once_on_a_scan_and_its_neighbour_goes_on() {
    for mut reactor in reactors().filter(|reactor| reactor.fd().is_none()) {
        let (left, _right) = pair();
        let (beside, _peer) = pair();
        let token = reactor.register(left.as_raw_fd(), Arming::level(Interest::WRITABLE)).unwrap();
        let keep = reactor.register(beside.as_raw_fd(), Arming::level(Interest::WRITABLE)).unwrap();
        let high = high_number(&left, 900);
        let gone = reactor.register(high, Arming::level(Interest::WRITABLE)).unwrap();
        close(high);
        let mut batch = poll(&mut reactor);
        batch.sort_by_key(|event| event.token.slot());
        let told = |token: Token, readiness| Event { token, readiness };
        let writable = Readiness::WRITABLE;
        assert_eq!(batch, [told(token, writable), told(keep, writable), told(gone, Readiness::INVALID)]);
        assert_eq!(reactor.state(gone), None);
        assert_eq!(poll(&mut reactor).len(), 2);
        assert_eq!(reactor.deregister(gone), Err(Error::Closed));
    }
}

#[test]
fn a_duplicate_that_gets_a_closed_duplicates_number_can_be_registered() {
    let level = Arming::level(Interest::READABLE);
    for paused_first in [false, true] {
        for mut reactor in reactors() {
            let (left, mut right) = pair();
            let number = high_number(&left, 780);
            let token = reactor.register(number, level).unwrap();
            close(number);
            // epoll has the pair of number and file still, out of reach.
            assert_eq!(reactor.deregister(token).is_err(), reactor.fd().is_some());
            assert_eq!(high_number(&left, 780), number);
            let token = if paused_first {
                let paused = reactor.register(number, Arming::level(Interest::default())).unwrap();
                reactor.modify(paused, level).unwrap()
            } else {
                reactor.register(number, level).unwrap()
            };
            right.write_all(b"x").unwrap();
            assert_eq!(poll(&mut reactor), [Event { token, readiness: Readiness::READABLE }]);
            reactor.deregister(token).unwrap();
            assert_eq!(poll(&mut reactor), []);
            assert_eq!((reactor.stats().stale, reactor.stats().rebuilds), (0, 0));
            close(number);
        }
    }
}
