//! Nothing is allocated for an event.

use super::{counting::allocations, rig::Rig};
use fdreactor::{Result, Trigger, server::Limits};
use std::io::{Read, Write};

const ROUNDS: u64 = 1000;

fn echo_without_allocating(trigger: Trigger) -> Result<()> {
    let mut rig = Rig::new(trigger, Limits::default())?;
    let mut peers: Vec<_> = (0..8).map_while(|_| rig.peer().ok()).collect();
    assert_eq!(peers.len(), 8);
    let mut buffer = [0; 64];
    let mut round = |rig: &mut Rig| -> Result<()> {
        for peer in &mut peers {
            assert_eq!(peer.write(&[7; 64]).ok(), Some(64));
        }
        let mut echoed = 0;
        while echoed < 8 {
            echoed += rig
                .turn()?
                .iter()
                .filter(|record| matches!(record.told, fdreactor::server::Told::Data { .. }))
                .count();
            rig.echo();
        }
        for peer in &mut peers {
            assert!(peer.read_exact(&mut buffer).is_ok());
        }
        Ok(())
    };
    for _ in 0..10 {
        round(&mut rig)?;
    }
    let before = allocations();
    for _ in 0..ROUNDS {
        round(&mut rig)?;
    }
    assert_eq!(allocations() - before, 0);
    assert_eq!(rig.traffic.counts().reads, rig.traffic.counts().writes);
    assert_eq!(rig.traffic.counts().reads, (ROUNDS + 10) * 8);
    Ok(())
}

#[test]
fn an_echo_allocates_nothing_and_costs_one_read_and_one_write_under_level() -> Result<()> {
    echo_without_allocating(Trigger::Level)
}

#[cfg(target_os = "linux")]
#[test]
fn an_echo_allocates_nothing_and_costs_one_read_and_one_write_under_edge() -> Result<()> {
    echo_without_allocating(Trigger::Edge)
}
