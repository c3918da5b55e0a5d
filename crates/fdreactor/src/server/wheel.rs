//! Timeouts of many connections at the cost of few timers.
//!
//! Time is counted in coarse ticks. A connection stands in one bucket, and moves only when that falls due: activity costs a
//! store, not a change here. Buckets hold numbers that may be stale; whoever is called looks whether it is meant.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How long a tick is.
const TICK: Duration = Duration::from_millis(100);

/// How far ahead numbers stand at most, in ticks; what is due later is looked at in between. They stay when a connection closes, so
/// a server whose connections come and go within an hour's timeout would gather those of an hour.
const HORIZON: u32 = 512;

/// A moment or a span, in ticks. Zero is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(pub(super) u32);

impl Tick {
    /// The span that is never shorter than `duration`: rounded up, and one more since it begins within a tick.
    pub(super) fn lasting(duration: Duration) -> Self {
        if duration.is_zero() {
            return Self(0);
        }
        let ticks = duration.as_nanos().div_ceil(TICK.as_nanos()) + 1;
        Self(u32::try_from(ticks).unwrap_or(u32::MAX))
    }

    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(super) fn after(self, moment: Self) -> Self {
        Self(moment.0.saturating_add(self.0))
    }
}

#[derive(Debug)]
pub(super) struct Wheel {
    start: Instant,
    /// The tick that it is now.
    now: Tick,
    buckets: BTreeMap<u32, Vec<u32>>,
}

impl Wheel {
    pub(super) fn new() -> Self {
        // The first tick is 1: zero is none.
        Self { start: Instant::now(), now: Tick(1), buckets: BTreeMap::new() }
    }

    /// The tick that it was when somebody last asked the clock.
    pub(super) fn now(&self) -> Tick {
        self.now
    }

    /// Asks the clock.
    pub(super) fn advance(&mut self) -> Tick {
        let ticks = self.start.elapsed().as_millis() / TICK.as_millis();
        self.now = Tick(u32::try_from(ticks).unwrap_or(u32::MAX - 1) + 1);
        self.now
    }

    /// In which bucket to wait for `tick`: its own if that is near, and otherwise the next that all share who wait for long.
    pub(super) fn bucket_for(&self, tick: Tick) -> Tick {
        let is_far = tick.0.saturating_sub(self.now.0) > HORIZON;
        if is_far { Tick((self.now.0 / HORIZON + 1).saturating_mul(HORIZON)) } else { tick }
    }

    /// Has `id` called at `tick`.
    pub(super) fn set(&mut self, tick: Tick, id: u32) {
        self.buckets.entry(tick.0).or_default().push(id);
    }

    /// Takes the earliest bucket that is due, and its tick.
    pub(super) fn take_due(&mut self) -> Option<(Tick, Vec<u32>)> {
        let entry = self.buckets.first_entry().filter(|entry| *entry.key() <= self.now.0)?;
        Some((Tick(*entry.key()), entry.remove()))
    }

    /// The tick of the next bucket.
    pub(super) fn next_tick(&self) -> Option<u32> {
        self.buckets.first_key_value().map(|(&tick, _)| tick)
    }

    /// How long until the next bucket is due, counted from the last look at the clock.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let (&tick, _) = self.buckets.first_key_value()?;
        Some(TICK * tick.saturating_sub(self.now.0).max(1))
    }
}

#[cfg(test)]
impl Wheel {
    /// Lets time go by.
    pub(super) fn pass(&mut self, time: Duration) {
        self.start -= time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_never_shorter_than_asked() {
        assert_eq!(Tick::lasting(Duration::ZERO), Tick(0));
        assert_eq!(Tick::lasting(Duration::from_millis(1)), Tick(2));
        assert_eq!(Tick::lasting(Duration::from_millis(100)), Tick(2));
        assert_eq!(Tick::lasting(Duration::from_millis(101)), Tick(3));
        assert_eq!(Tick::lasting(Duration::MAX), Tick(u32::MAX));
    }

    #[test]
    fn who_waits_for_long_is_looked_at_in_between() {
        let mut wheel = Wheel::new();
        let mut far = |now, tick| {
            wheel.now = Tick(now);
            wheel.bucket_for(Tick(tick))
        };
        let found = [(1, 513), (1, 514), (1, u32::MAX), (511, 36_000), (512, 36_000), (35_600, 36_000)]
            .map(|(now, tick)| far(now, tick).0);
        assert_eq!(found, [513, 512, 512, 512, 1024, 36_000]);
        wheel.now = Tick(u32::MAX - 1);
        assert_eq!(wheel.bucket_for(Tick(u32::MAX)), Tick(u32::MAX));
    }

    #[test]
    fn only_what_is_due_is_taken_and_the_earliest_first() {
        let mut wheel = Wheel::new();
        wheel.set(Tick(1), 7);
        wheel.set(Tick(5000), 8);
        assert_eq!(wheel.take_due(), Some((Tick(1), vec![7])));
        assert_eq!(wheel.take_due(), None);
        assert_eq!(wheel.next_due(), Some(TICK * 4999));
    }
}
