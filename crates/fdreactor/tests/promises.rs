//! The reactor's own rules, on each backend: what no row of the conformance table can show.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod common;

use common::{pair, poll, reactors, receive_urgent, send_urgent};
use fdreactor::{Arming, Backend, Config, Error, Event, Interest, Reactor, Readiness, State};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::fd::AsRawFd,
    thread,
    time::{Duration, Instant},
};

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
        reactor.deliver(&found, seen, &mut batch);
        assert_eq!(batch, []);
        assert_eq!((reactor.stats().stale, reactor.stats().rebuilds), (1, 0));
        let seen = waiter.wait(Some(Duration::ZERO), &mut found).unwrap();
        reactor.deliver(&found, seen, &mut batch);
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
fn urgent_data_beside_a_hang_up_parks_nothing_until_it_has_been_read() {
    for mut reactor in reactors().filter(|it| it.capabilities().priority && it.capabilities().disconnect) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        send_urgent(&far);
        near.shutdown(Shutdown::Write).unwrap();
        drop(far);
        let token = reactor.register(near.as_raw_fd(), Arming::level(Interest::PRIORITY)).unwrap();
        let mut batch = Vec::new();
        let told = loop {
            reactor.turn(None, &mut batch).unwrap();
            // The end may come behind the byte.
            if batch[0].readiness != Readiness::PRIORITY {
                break batch[0];
            }
        };
        assert_eq!(told, Event { token, readiness: Readiness::PRIORITY | Readiness::HANGUP });
        assert_eq!(reactor.state(token), Some(State::Armed));
        assert_eq!(poll(&mut reactor), [told]);
        receive_urgent(&near);
        assert_eq!(poll(&mut reactor), [Event { token, readiness: Readiness::HANGUP }]);
        assert_eq!(reactor.state(token), Some(State::Parked));
        assert_eq!(poll(&mut reactor), []);
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
fn a_modification_that_the_kernel_refuses_leaves_the_registration_as_it_was() {
    for mut reactor in reactors().filter(|reactor| reactor.capabilities().exclusive) {
        let inner = Reactor::new(&Config::default()).unwrap();
        let token = reactor.register(inner.fd().unwrap(), Arming::level(Interest::READABLE)).unwrap();
        let exclusive = Arming { exclusive: true, ..Arming::level(Interest::READABLE) };
        // Another epoll set cannot be watched exclusively (epoll_ctl(2)).
        assert_eq!(reactor.modify(token, exclusive).unwrap_err().errno(), libc::EINVAL);
        assert_eq!(reactor.state(token), Some(State::Armed));
        inner.waker().wake().unwrap();
        assert_eq!(poll(&mut reactor), [Event { token, readiness: Readiness::READABLE }]);
        assert_eq!(reactor.deregister(token), Ok(()));
    }
}

#[test]
fn a_wake_from_another_thread_ends_a_wait_without_an_event() {
    for mut reactor in reactors() {
        let waker = reactor.waker();
        let thread = thread::spawn(move || waker.wake());
        let mut batch = Vec::new();
        reactor.turn(None, &mut batch).unwrap();
        thread.join().unwrap().unwrap();
        assert_eq!(batch, []);
        let waker = reactor.waker();
        for _ in 0..3 {
            waker.wake().unwrap();
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
