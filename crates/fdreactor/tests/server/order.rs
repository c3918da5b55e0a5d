//! What is told of a connection, in order, and when its number is free.

use super::rig::Rig;
use fdreactor::{
    Error, Result, Trigger,
    server::{Limits, Order, Record, Told},
};
use std::{
    io::{Read, Write},
    net::Shutdown,
    time::Duration,
};

/// Takes turns until `is_over`, and gathers what is told.
fn until(rig: &mut Rig, is_over: impl Fn(&[Record]) -> bool) -> Result<Vec<Record>> {
    let mut all = Vec::new();
    while !is_over(&all) {
        all.extend_from_slice(rig.turn()?);
        rig.flush();
    }
    Ok(all)
}

fn is_closed(record: &Record) -> bool {
    matches!(record.told, Told::Closed(_))
}

#[test]
fn a_connection_is_accepted_has_data_ends_and_is_closed() -> Result<()> {
    let mut rig = Rig::new(Trigger::Level, Limits::default())?;
    let Ok(mut peer) = rig.peer() else { return Err(Error::Closed) };
    assert_eq!(peer.write(b"hello").ok(), Some(5));
    let told = until(&mut rig, |all| all.len() == 2)?;
    let id = told[0].id;
    assert_eq!(told[0].told, Told::Accepted { listener: rig.listener });
    let Told::Data { offset, length } = told[1].told else { return Err(Error::Closed) };
    assert_eq!(rig.bytes(offset, length), b"hello");
    assert_eq!(rig.traffic.moved(id), Some((5, 0)));
    assert_eq!(rig.traffic.peer(id)?.as_socket(), peer.local_addr().ok());

    assert!(peer.shutdown(Shutdown::Write).is_ok());
    assert_eq!(until(&mut rig, |all| !all.is_empty())?, [Record { id, told: Told::Ended }]);
    rig.traffic.order(id, Order::End);
    rig.flush();
    assert_eq!(until(&mut rig, |all| !all.is_empty())?, [Record { id, told: Told::Closed(None) }]);
    // Still known while it is being told.
    assert_eq!(rig.traffic.moved(id), Some((5, 0)));
    let mut rest = Vec::new();
    assert_eq!(peer.read_to_end(&mut rest).ok(), Some(0));
    Ok(())
}

#[test]
fn a_number_is_given_out_again_only_after_its_end_was_told() -> Result<()> {
    let mut rig = Rig::new(Trigger::Level, Limits::default())?;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let Ok(peer) = rig.peer() else { return Err(Error::Closed) };
        let id = until(&mut rig, |all| !all.is_empty())?[0].id;
        seen.push(id);
        // Closed by us: nothing is told, and what is asked of it is nothing to anybody.
        rig.traffic.destroy(&mut rig.reactor, id, false);
        rig.traffic.order(id, Order::End);
        rig.flush();
        assert_eq!(rig.traffic.kept_for(id), 0);
        assert_eq!(rig.traffic.descriptor(id), Err(Error::Closed));
        drop(peer);
    }
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
    Ok(())
}

#[test]
fn who_is_silent_for_too_long_is_closed_with_a_timeout() -> Result<()> {
    let limits = Limits { first_byte: Duration::from_millis(10), ..Limits::default() };
    let mut rig = Rig::new(Trigger::Level, limits)?;
    let Ok(_peer) = rig.peer() else { return Err(Error::Closed) };
    until(&mut rig, |all| !all.is_empty())?;
    assert!(rig.traffic.next_due().is_some_and(|due| due >= Duration::from_millis(100)));
    while !rig.traffic.is_due() {
        std::thread::sleep(rig.traffic.next_due().unwrap_or(Duration::ZERO));
    }
    rig.reactor.owe();
    let told = until(&mut rig, |all| all.iter().any(is_closed))?;
    assert_eq!(told[0].told, Told::Closed(Some(Error::Timeout)));
    assert_eq!(rig.traffic.next_due(), None);
    Ok(())
}
