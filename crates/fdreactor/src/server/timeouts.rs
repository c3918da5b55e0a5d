//! What happens when a time is over: to connections that are idle or silent, and to listeners that wait for another try.

use super::{record::Told, traffic::Traffic, wheel::Tick};
use crate::{error::Error, reactor::Reactor};
use std::time::Duration;

impl Traffic {
    /// How long until somebody has to look at the timeouts, counted from the last look at the clock.
    pub fn next_due(&self) -> Option<Duration> {
        self.wheel.next_due()
    }

    /// In which tick that is: a number that grows with time.
    pub fn next_tick(&self) -> Option<u32> {
        self.wheel.next_tick()
    }

    /// Whether somebody's time may be over: then a turn should be taken soon. What has come until then counts, so nobody is judged
    /// before the events of that turn are served.
    pub fn is_due(&mut self) -> bool {
        let now = self.wheel.advance();
        self.wheel.next_tick().is_some_and(|tick| tick <= now.0)
    }

    /// How long a connection may be idle from now on; zero for as long as it likes.
    pub fn set_timeout(&mut self, id: u32, timeout: Duration) {
        let now = self.wheel.advance();
        let Some(connection) = self.table.connection(id) else { return };
        connection.idle = Tick::lasting(timeout);
        connection.active = now;
        self.schedule(id);
    }

    /// Puts a connection into the bucket of its deadline, or of a look before, unless it stands in an earlier one.
    pub(super) fn schedule(&mut self, id: u32) {
        let Some(connection) = self.table.connection(id) else { return };
        let Some(deadline) = connection.deadline() else { return };
        let bucket = self.wheel.bucket_for(deadline);
        if connection.bucket.is_none() || bucket < connection.bucket {
            connection.bucket = bucket;
            self.wheel.set(bucket, id);
        }
    }

    /// Ends what has waited too long for its first byte, tells of what is idle, and lets listeners try again.
    pub(super) fn expire(&mut self, reactor: &mut Reactor) {
        let now = self.wheel.now();
        while let Some((tick, ids)) = self.wheel.take_due() {
            for id in ids {
                self.resume_listener(reactor, id);
                if self.table.connection(id).is_some_and(|connection| connection.starved) {
                    self.write_kept(reactor, id);
                }
                let Some(connection) = self.table.connection(id).filter(|it| it.bucket == tick) else {
                    continue;
                };
                connection.bucket = Tick::default();
                if connection.first_byte_due().is_some_and(|due| due <= now) {
                    self.close(reactor, id, Some(Error::Timeout));
                    continue;
                }
                if connection.deadline().is_some_and(|due| due <= now) {
                    connection.active = now;
                    self.tell(id, Told::Idle);
                }
                self.schedule(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        error::Result,
        server::{Endpoint, Limits, ListenOptions, Terms},
        trigger::Trigger,
    };
    use std::{net::Ipv4Addr, rc::Rc};

    /// What a turn tells when so much time has gone by.
    fn told_after(traffic: &mut Traffic, reactor: &mut Reactor, seconds: u64) -> Vec<Told> {
        traffic.wheel.pass(Duration::from_secs(seconds));
        traffic.take(reactor, &mut Vec::new(), None);
        let mut told = Vec::new();
        traffic.told(|record| told.push(record.told));
        told
    }

    #[test]
    fn a_long_timeout_is_over_when_it_is_over() -> Result<()> {
        let mut reactor = Reactor::new(&Config::default())?;
        let mut traffic = Traffic::new(16);
        let limits = Limits { idle: Duration::from_secs(200), ..Limits::default() };
        let terms = Rc::new(Terms::new(limits, Trigger::Level, true));
        let socket = Endpoint::tcp((Ipv4Addr::LOCALHOST, 0).into()).bind(16, false, None)?;
        let listener = traffic.listen(&mut reactor, socket, ListenOptions::default(), terms)?;
        let address = traffic.local(listener)?.as_socket().ok_or(Error::Closed)?;
        let _peer = std::net::TcpStream::connect(address).map_err(|_| Error::Closed)?;
        traffic.accept(&mut reactor, listener);
        assert_eq!(told_after(&mut traffic, &mut reactor, 0), [Told::Accepted { listener }]);
        // However long it may last, it is looked at within the horizon.
        assert!(traffic.next_due().is_some_and(|due| due < Duration::from_secs(52)));
        for seconds in [60, 60, 60] {
            assert_eq!(told_after(&mut traffic, &mut reactor, seconds), []);
        }
        assert_eq!(told_after(&mut traffic, &mut reactor, 21), [Told::Idle]);
        Ok(())
    }
}
