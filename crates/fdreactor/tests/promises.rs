//! The reactor's own rules, on each backend: what no row of the conformance table can show.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use fdreactor::{Arming, Backend, Config, Error, Event, Interest, Reactor, Readiness, State, Token};
use std::{
    io::{Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    thread,
    time::{Duration, Instant},
};

fn reactors() -> impl Iterator<Item = Reactor> {
    let backends = Backend::ALL.iter().filter(|backend| backend.is_supported());
    backends.map(|&backend| Reactor::new(&Config { backend, ..Config::default() }).unwrap())
}

fn poll(reactor: &mut Reactor) -> Vec<Event> {
    let mut batch = Vec::new();
    reactor.turn(Some(Duration::ZERO), &mut batch).unwrap();
    batch
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

#[test]
fn an_event_found_before_a_change_is_dropped_and_the_next_one_carries_the_new_token() {
    for mut reactor in reactors() {
        let (left, mut right) = pair();
        let old = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap();
        right.write_all(b"x").unwrap();
        let mut waiter = reactor.lend().unwrap();
        let mut found = Vec::new();
        let seen = waiter.wait(Some(Duration::ZERO), &mut found).unwrap();
        assert_eq!(found, [Event { token: old, readiness: Readiness::READABLE }]);
        let new = reactor.modify(old, Arming::level(Interest::READABLE)).unwrap();
        let mut batch = Vec::new();
        reactor.deliver(&found, seen, &mut batch).unwrap();
        assert_eq!(batch, []);
        assert_eq!((reactor.stats().stale, reactor.stats().rebuilds), (1, 0));
        let seen = waiter.wait(Some(Duration::ZERO), &mut found).unwrap();
        reactor.deliver(&found, seen, &mut batch).unwrap();
        assert_eq!(batch, [Event { token: new, readiness: Readiness::READABLE }]);
        assert_eq!(reactor.state(old), None);
    }
}

#[test]
fn a_hang_up_that_nobody_can_act_on_is_told_once_and_parked_until_rearmed() {
    for mut reactor in reactors().filter(|reactor| reactor.capabilities().disconnect) {
        let (left, right) = pair();
        let token = reactor.register(left.as_raw_fd(), Arming::level(Interest::DISCONNECT)).unwrap();
        drop(right);
        let all = Readiness::READ_CLOSED | Readiness::HANGUP;
        assert_eq!(poll(&mut reactor), [Event { token, readiness: all }]);
        assert_eq!(reactor.state(token), Some(State::Parked));
        assert_eq!(poll(&mut reactor), []);
        let token = reactor.rearm(token).unwrap();
        assert_eq!(poll(&mut reactor), [Event { token, readiness: all }]);
        assert_eq!(poll(&mut reactor), []);
        assert_eq!(reactor.stats().parked, 2);
    }
}

#[test]
fn a_paused_registration_hears_nothing_and_resumes_with_what_is_there() {
    for mut reactor in reactors() {
        let (left, mut right) = pair();
        let token = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap();
        let paused = reactor.pause(token).unwrap();
        right.write_all(b"x").unwrap();
        drop(right);
        assert_eq!(poll(&mut reactor), []);
        assert_eq!(reactor.state(paused), Some(State::Paused));
        let resumed = reactor.resume(paused).unwrap();
        let batch = poll(&mut reactor);
        assert_eq!(batch.iter().map(|event| event.token).collect::<Vec<_>>(), [resumed]);
        assert!(batch[0].readiness.contains(Readiness::READABLE));
        assert_eq!(reactor.resume(resumed), Ok(resumed), "an armed registration is left alone");
    }
}

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

/// Puts `source`'s file under `target`'s number.
fn replace(source: &UnixStream, target: &UnixStream) {
    put(source, target.as_raw_fd());
}

/// Puts `source`'s file under `number`.
#[expect(unsafe_code, reason = "dup2(2)")]
fn put(source: &impl AsRawFd, number: i32) {
    // SAFETY: `source` is open, and whoever owned the number goes on owning it.
    let result = unsafe { libc::dup2(source.as_raw_fd(), number) };
    assert_eq!(result, number);
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
        reactor.waker().wake();
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
        reactor.deliver(&found, outcome, &mut batch).unwrap();
        assert!(batch.len() <= 1);
        told.append(&mut batch);
        waiter = reactor.lend().unwrap_or(waiter);
    }
    told.sort_by_key(|event| event.token.slot());
    assert_eq!(told, victims.map(|token| Event { token, readiness: Readiness::INVALID }));
    assert!(!waiter.owes());
}

#[test]
fn a_modification_that_the_kernel_refuses_leaves_the_registration_as_it_was() {
    for mut reactor in reactors().filter(|reactor| reactor.capabilities().exclusive) {
        let inner = Reactor::new(&Config::default()).unwrap();
        let token = reactor.register(inner.fd().unwrap(), Arming::level(Interest::READABLE)).unwrap();
        let exclusive = Arming { exclusive: true, ..Arming::level(Interest::READABLE) };
        // Another epoll set cannot be watched exclusively (epoll_ctl(2)).
        assert_eq!(reactor.modify(token, exclusive).unwrap_err().errno(), libc::EINVAL);
        assert_eq!(reactor.state(token), Some(State::Armed));
        inner.waker().wake();
        assert_eq!(poll(&mut reactor), [Event { token, readiness: Readiness::READABLE }]);
        assert_eq!(reactor.deregister(token), Ok(()));
    }
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

/// A duplicate under a number that nothing reopens while the other tests run: each caller has its own `floor`.
#[expect(unsafe_code, reason = "fcntl(2)")]
fn high_number(stream: &UnixStream, floor: i32) -> i32 {
    // SAFETY: it only makes a new number for an open file.
    let fd = unsafe { libc::fcntl(stream.as_raw_fd(), libc::F_DUPFD_CLOEXEC, floor) };
    assert!(fd >= floor);
    fd
}

#[expect(unsafe_code, reason = "close(2)")]
fn close(fd: i32) {
    // SAFETY: the number came from high_number(), and nobody else owns it.
    assert_eq!(unsafe { libc::close(fd) }, 0);
}

#[test]
fn a_wake_from_another_thread_ends_a_wait_without_an_event() {
    for mut reactor in reactors() {
        let waker = reactor.waker();
        let thread = thread::spawn(move || waker.wake());
        let mut batch = Vec::new();
        reactor.turn(None, &mut batch).unwrap();
        thread.join().unwrap();
        assert_eq!(batch, []);
        let waker = reactor.waker();
        for _ in 0..3 {
            waker.wake();
        }
        reactor.turn(None, &mut batch).unwrap();
        let (start, pause) = (Instant::now(), Duration::from_millis(20));
        reactor.turn(Some(pause), &mut batch).unwrap();
        assert!(start.elapsed() >= pause, "three wakes are one");
    }
}

#[test]
fn a_change_made_while_the_waiter_blocks_elsewhere_takes_effect() {
    for mut reactor in reactors() {
        let (left, mut right) = pair();
        let mut waiter = reactor.lend().unwrap();
        reactor.set_blocked_elsewhere(true);
        let thread = thread::spawn(move || {
            let mut found = Vec::new();
            while found.is_empty() {
                waiter.wait(None, &mut found).unwrap();
            }
            found
        });
        let token = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE)).unwrap();
        right.write_all(b"x").unwrap();
        assert_eq!(thread.join().unwrap(), [Event { token, readiness: Readiness::READABLE }]);
        let mut byte = [0];
        (&left).read_exact(&mut byte).unwrap();
    }
}

#[test]
fn timeouts_are_never_early_and_fractions_round_up() {
    for mut reactor in reactors() {
        let mut batch = Vec::new();
        for micros in [1, 100, 999, 3100] {
            let (start, timeout) = (Instant::now(), Duration::from_micros(micros));
            reactor.turn(Some(timeout), &mut batch).unwrap();
            assert!(start.elapsed() >= timeout);
        }
    }
}

#[test]
fn what_a_backend_cannot_do_is_refused_and_leaves_nothing_behind() {
    for mut reactor in reactors() {
        let (left, _right) = pair();
        let (fd, backend, can) = (left.as_raw_fd(), reactor.backend(), reactor.capabilities());
        if !can.edge {
            let refused = reactor.register(fd, Arming::edge(Interest::READABLE));
            assert_eq!(refused, Err(Error::TriggerUnsupported(backend)));
            let token = reactor.register(fd, Arming::level(Interest::READABLE)).unwrap();
            let refused = reactor.modify(token, Arming::edge(Interest::READABLE));
            assert_eq!(refused, Err(Error::TriggerUnsupported(backend)));
            assert_eq!(reactor.state(token), Some(State::Armed), "it stays as it was");
            reactor.deregister(token).unwrap();
        }
        let exclusive = Arming { exclusive: true, ..Arming::level(Interest::READABLE) };
        if can.exclusive {
            let token = reactor.register(fd, exclusive).unwrap();
            let token = reactor.modify(token, Arming { interest: Interest::WRITABLE, ..exclusive }).unwrap();
            assert_eq!(poll(&mut reactor), [Event { token, readiness: Readiness::WRITABLE }]);
            reactor.deregister(token).unwrap();
        } else {
            assert_eq!(reactor.register(fd, exclusive), Err(Error::InterestUnsupported(backend)));
        }
        if let Some(max) = can.max_fd {
            let refused = reactor.register(max + 1, Arming::level(Interest::READABLE));
            assert_eq!(refused, Err(Error::FdLimit));
        }
        assert_eq!(reactor.len(), 0);
    }
}

#[test]
fn a_limited_batch_serves_every_ready_descriptor_in_its_turn() {
    for backend in Backend::ALL.iter().copied().filter(|backend| backend.is_supported()) {
        let mut reactor = Reactor::new(&Config { backend, batch_size: 3, ..Config::default() }).unwrap();
        let pairs: Vec<_> = (0..10).map(|_| pair()).collect();
        for (left, _) in &pairs {
            reactor.register(left.as_raw_fd(), Arming::level(Interest::WRITABLE)).unwrap();
        }
        let mut told = [0_u32; 10];
        for _ in 0..10 {
            let batch = poll(&mut reactor);
            assert_eq!(batch.len(), 3, "{backend:?}");
            for event in batch {
                told[event.token.slot() as usize] += 1;
            }
        }
        assert_eq!(told, [3; 10], "{backend:?}");
    }
}
