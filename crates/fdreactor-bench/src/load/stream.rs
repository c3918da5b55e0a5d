//! Messages over connections that stay.

use super::conversation::Conversation;
use super::latencies::Latencies;
use super::pattern::Pattern;
use super::pulse::{BEAT, Pulse};
use super::{Fault, Outcome, Result, Until, connect};
use mio::{Events, Interest, Poll, Token};
use std::time::{Duration, Instant};

/// Bytes that are taken at once.
const SCRATCH: usize = 256 * 1024;
const MOST_EVENTS: usize = 1024;
/// A message is late of the generator's own making when it gets to it this long after it was due.
const LATE: Duration = Duration::from_millis(1);
/// Messages that are sent before echoes are looked for again.
const BURST: u64 = 32;
/// How long after the last message was due one may still be sent.
const GRACE: Duration = Duration::from_millis(100);

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stream {
    /// Of a message.
    pub bytes: usize,
    /// Messages a second over all connections, whether echoes come or not, each timed from when it was due (an open loop).
    /// Without: the next message of a connection goes out when the echo of its last one is whole (a closed loop).
    pub rate: Option<f64>,
    /// When no more is sent. What is on its way then is waited for, and counts.
    pub until: Until,
}

/// Connections to one server on the loopback. They are reset when this is dropped.
#[derive(Debug)]
pub struct Load {
    port: u16,
    first: usize,
    poll: Poll,
    events: Events,
    conversations: Vec<Conversation>,
    scratch: Vec<u8>,
}

impl Load {
    /// A load on the server at this port of 127.0.0.1. `first` is how many connections other processes have to it: the ports
    /// of an address are theirs too.
    ///
    /// # Errors
    /// [`Fault::System`].
    pub fn new(port: u16, first: usize) -> Result<Self> {
        let poll = Poll::new().map_err(|error| Fault::System("epoll_create1", error))?;
        let events = Events::with_capacity(MOST_EVENTS);
        Ok(Self { port, first, poll, events, conversations: Vec::new(), scratch: vec![0; SCRATCH] })
    }

    /// Makes `count` more connections.
    ///
    /// # Errors
    /// [`Fault::System`], [`Fault::Stalled`].
    pub fn connect(&mut self, count: usize) -> Result<()> {
        let from = self.conversations.len();
        for (index, mut stream) in
            connect::connect(self.port, self.first + from, count)?.into_iter().enumerate()
        {
            let number = from + index;
            self.poll
                .registry()
                .register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)
                .map_err(|error| Fault::System("epoll_ctl", error))?;
            self.conversations.push(Conversation::new(stream, number));
        }
        Ok(())
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.conversations.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }

    /// Sends messages, and takes their echoes.
    ///
    /// # Errors
    /// Every [`Fault`]. The connections are of no use afterwards.
    pub fn run(&mut self, stream: Stream) -> Result<Outcome> {
        for conversation in &mut self.conversations {
            conversation.restart();
        }
        if self.is_empty() || stream.bytes == 0 {
            return Ok(Outcome::default());
        }
        Run {
            pattern: Pattern::new(stream.bytes),
            latencies: Latencies::new(),
            pulse: Pulse::new(),
            start: Instant::now(),
            offered: 0,
            echoed: 0,
            outstanding: 0,
            load: self,
        }
        .run(stream)
    }
}

/// Not generic: the addon is to stay small.
type Echoed<'a, Run> = &'a dyn Fn(&mut Run, usize) -> Result<()>;

struct Run<'a> {
    load: &'a mut Load,
    pattern: Pattern,
    latencies: Latencies,
    pulse: Pulse,
    start: Instant,
    offered: u64,
    echoed: u64,
    outstanding: usize,
}

impl Run<'_> {
    fn run(mut self, Stream { rate, until, .. }: Stream) -> Result<Outcome> {
        let (planned, late) = match rate {
            Some(rate) => self.open(rate, until)?,
            None => self.closed(until)?,
        };
        let unsent = planned - self.offered;
        Ok(Outcome {
            messages: self.echoed,
            elapsed: self.start.elapsed(),
            late,
            unsent,
            ..self.latencies.outcome()
        })
    }

    fn closed(&mut self, until: Until) -> Result<(u64, u64)> {
        let start = self.start;
        let goes_on = |offered, now: Instant| match until {
            Until::Elapsed(limit) => now - start < limit,
            Until::Messages(count) => offered < count,
        };
        for index in 0..self.load.len() {
            if goes_on(self.offered, start) {
                self.offer(index, Instant::now())?;
            }
        }
        while self.outstanding > 0 {
            self.turn(BEAT, &|run, index| {
                let now = Instant::now();
                if goes_on(run.offered, now) { run.offer(index, now) } else { Ok(()) }
            })?;
        }
        Ok((self.offered, 0))
    }

    /// Spins: a wait would be ended late. Returns how many messages were due, and how many of them went out late.
    fn open(&mut self, rate: f64, until: Until) -> Result<(u64, u64)> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let planned = match until {
            Until::Elapsed(limit) => (limit.as_secs_f64() * rate).round() as u64,
            Until::Messages(count) => count,
        };
        let start = self.start;
        #[allow(clippy::cast_precision_loss, reason = "no run is so long")]
        let due = |number: u64| start + Duration::from_secs_f64(number as f64 / rate);
        let end = due(planned) + GRACE;
        let mut late = 0;
        loop {
            let now = Instant::now();
            if self.offered == planned || now > end {
                break;
            }
            for _ in 0..BURST {
                let next = due(self.offered);
                if self.offered == planned || next > now {
                    break;
                }
                late += u64::from(now - next > LATE);
                let index = usize::try_from(self.offered).unwrap_or(0) % self.load.len();
                self.offer(index, next)?;
            }
            self.turn(Duration::ZERO, &|_, _| Ok(()))?;
        }
        while self.outstanding > 0 {
            self.turn(BEAT, &|_, _| Ok(()))?;
        }
        Ok((planned, late))
    }

    fn offer(&mut self, index: usize, due: Instant) -> Result<()> {
        self.offered += 1;
        self.outstanding += 1;
        self.load.conversations[index].offer(due, &self.pattern)
    }

    /// Waits once; calls `echoed` with the index of each connection on which an echo became whole.
    fn turn(&mut self, timeout: Duration, echoed: Echoed<'_, Self>) -> Result<()> {
        let mut events = std::mem::replace(&mut self.load.events, Events::with_capacity(0));
        let waited = connect::wait(&mut self.load.poll, &mut events, timeout);
        let handled = waited.and_then(|()| self.handle(&events, echoed));
        self.load.events = events;
        handled
    }

    fn handle(&mut self, events: &Events, echoed: Echoed<'_, Self>) -> Result<()> {
        for event in events {
            let index = event.token().0;
            let conversation = &mut self.load.conversations[index];
            if event.is_writable() {
                conversation.flush(&self.pattern)?;
            }
            if !event.is_readable() && !event.is_read_closed() && !event.is_error() {
                continue;
            }
            let to_the_end = event.is_read_closed() || event.is_error();
            let before = conversation.outstanding();
            let count =
                conversation.read(&self.pattern, &mut self.load.scratch, &mut self.latencies, to_the_end)?;
            self.outstanding -= before - conversation.outstanding();
            self.echoed += count;
            if count > 0 {
                self.pulse.beat(Instant::now());
                echoed(self, index)?;
            }
        }
        self.pulse.check(Instant::now(), self.outstanding)
    }
}
