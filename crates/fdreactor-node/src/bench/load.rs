//! The load on an echo server, and the echo server on mio alone. What runs here blocks its thread until it is done: it is
//! for processes that do nothing else.

use fdreactor_bench::{Churn, Fault, Load, Manner, Outcome, Stream, Until, churn};
use napi::Either;
use napi_derive::napi;
use std::cell::RefCell;
use std::time::Duration;

/// What a run found: messages that came back, or connections that came and went; seconds from the first to the last; messages
/// that the generator sent late by itself, and that it did not get to; the latencies' median, 99 and 99.9 of 100, and the
/// longest, in microseconds. Or a sentence that says why there are no figures.
#[allow(
    clippy::cast_precision_loss,
    reason = "of counts so large and times so long nobody needs the last digit"
)]
fn tell(found: Result<Outcome, Fault>) -> Either<Vec<f64>, String> {
    let Outcome { messages, elapsed, late, unsent, p50, p99, p999, max } = match found {
        Ok(outcome) => outcome,
        Err(fault) => return Either::B(fault.to_string()),
    };
    let mut figures = vec![messages as f64, elapsed.as_secs_f64(), late as f64, unsent as f64];
    figures.extend([p50, p99, p999, max].map(|nanoseconds| nanoseconds as f64 / 1000.0));
    Either::A(figures)
}

/// So many messages, if that is more than none; else so many seconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn until(seconds: f64, messages: f64) -> Until {
    if messages >= 1.0 {
        Until::Messages(messages as u64)
    } else {
        Until::Elapsed(Duration::try_from_secs_f64(seconds).unwrap_or_default())
    }
}

/// Connections to a server on 127.0.0.1.
#[napi]
#[derive(Default)]
pub struct BenchLoad(RefCell<Option<Load>>);

#[napi]
impl BenchLoad {
    /// No connections yet.
    #[napi(constructor, catch_unwind)]
    #[allow(clippy::new_without_default, reason = "for JavaScript")]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `count` more connections. `first` is how many other processes have. Returns why not, if they are not made.
    #[napi(catch_unwind)]
    pub fn connect(&self, port: u16, first: u32, count: u32) -> Option<String> {
        let mut load = self.0.borrow_mut();
        let made = match load.take().map_or_else(|| Load::new(port, first as usize), Ok) {
            Ok(new) => load.insert(new).connect(count as usize),
            Err(fault) => Err(fault),
        };
        made.err().map(|fault| fault.to_string())
    }

    /// Sends messages of `bytes` bytes and takes their echoes: `messages` of them, if that is more than none, or for so many
    /// seconds; `rate` a second, if that is more than none, or each when the last one of its connection has come back.
    #[napi(catch_unwind)]
    pub fn run(&self, bytes: u32, rate: f64, seconds: f64, messages: f64) -> Either<Vec<f64>, String> {
        let rate = (rate > 0.0).then_some(rate);
        let stream = Stream { bytes: bytes as usize, rate, until: until(seconds, messages) };
        let mut load = self.0.borrow_mut();
        tell(load.as_mut().map_or_else(|| Ok(Outcome::default()), |load| load.run(stream)))
    }

    /// Resets all connections.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.take();
    }
}

/// Opens and closes connections to a server on 127.0.0.1, `in_flight` at a time: `messages` of them, or for so many seconds.
/// Each sends and takes back a message of `bytes` bytes; of none: it waits until the server ends it.
#[napi(catch_unwind)]
pub fn bench_churn(
    port: u16,
    in_flight: u32,
    bytes: u32,
    seconds: f64,
    messages: f64,
) -> Either<Vec<f64>, String> {
    let (in_flight, bytes) = (in_flight as usize, bytes as usize);
    tell(churn(port, Churn { in_flight, bytes, until: until(seconds, messages) }))
}

/// An echo server on mio alone, on a free port of 127.0.0.1, in the manner of the benches' other servers: writes its port to
/// standard output, answers whatever comes on standard input with a line, and returns when that ends. `close`: it closes
/// each connection at once. Returns what went wrong.
#[napi(catch_unwind)]
pub fn bench_echo(close: bool) -> Option<String> {
    let manner = if close { Manner::Close } else { Manner::Echo };
    fdreactor_bench::serve(0, manner).err().map(|error| error.to_string())
}
