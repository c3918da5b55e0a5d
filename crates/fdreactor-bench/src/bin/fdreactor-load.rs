//! `fdreactor-load`: the load of the benches, and their echo server on mio alone, from a command line. What it measures it
//! writes as JSON, times in microseconds.

use fdreactor_bench::{Churn, Load, Manner, Outcome, Stream, Until, churn};
use std::collections::HashMap;
use std::error::Error;
use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

const USAGE: &str = "Usage: fdreactor-load echo --port N [options]     messages over connections that stay
       fdreactor-load accept --port N [options]   connections that come and go
       fdreactor-load hold --port N [options]     connections that do nothing, until standard input ends
       fdreactor-load serve [--port N] [--manner echo|close]

The server is at 127.0.0.1. Every byte that comes back is compared with what was sent.

  --connections N   at the same time (50)
  --bytes N         of a message (64); accept: 0 waits for the server to end each connection
  --seconds N       how long messages are sent (2)
  --messages N      exactly so many instead
  --rate N          messages a second, whether echoes come or not, timed from when they were due; without, the next
                    message of a connection goes out when the echo of its last one is whole
  --warm-up N       seconds of the same that do not count (0.5)
";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Options(HashMap<String, String>);

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        const KNOWN: [&str; 8] =
            ["port", "connections", "bytes", "seconds", "messages", "rate", "warm-up", "manner"];
        let mut found = HashMap::new();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").filter(|name| KNOWN.contains(name));
            let name = name.ok_or_else(|| format!("'{word}' is not understood"))?;
            let value = words.next().ok_or_else(|| format!("--{name} needs a value"))?;
            found.insert(name.to_owned(), value);
        }
        Ok(Self(found))
    }

    fn number<T: FromStr + PartialOrd>(&self, name: &str, most: &T) -> Result<Option<T>> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(value) if value <= *most => Ok(Some(value)),
            _ => Err(format!("--{name} '{text}': not a number, or too large").into()),
        }
    }

    fn port(&self) -> Result<u16> {
        self.number("port", &u16::MAX)?.ok_or_else(|| "--port is missing".into())
    }

    fn connections(&self) -> Result<usize> {
        Ok(self.number("connections", &1_000_000)?.unwrap_or(50))
    }

    fn bytes(&self) -> Result<usize> {
        Ok(self.number("bytes", &(1 << 30))?.unwrap_or(64))
    }

    fn seconds(&self, name: &str, default: f64) -> Result<Duration> {
        let seconds = self.number(name, &1e6)?.unwrap_or(default);
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("--{name}: {error}").into())
    }

    fn until(&self) -> Result<Until> {
        let messages = self.number("messages", &u64::MAX)?.map(Until::Messages);
        messages.map_or_else(|| self.seconds("seconds", 2.0).map(Until::Elapsed), Ok)
    }

    fn rate(&self) -> Result<Option<f64>> {
        let rate = self.number("rate", &1e9)?;
        if rate.is_some_and(|rate| rate < 1.0) { Err("--rate is at least 1".into()) } else { Ok(rate) }
    }

    fn warm_up(&self) -> Result<Until> {
        self.seconds("warm-up", 0.5).map(Until::Elapsed)
    }
}

fn tell(connections: usize, bytes: usize, outcome: &Outcome) -> Result<()> {
    let Outcome { messages, elapsed, late, unsent, p50, p99, p999, max } = outcome;
    let [p50, p99, p999, max] =
        [p50, p99, p999, max].map(|&time| Duration::from_nanos(time).as_secs_f64() * 1e6);
    let seconds = elapsed.as_secs_f64();
    writeln!(
        stdout(),
        r#"{{"connections":{connections},"bytes":{bytes},"messages":{messages},"seconds":{seconds},"late":{late},"unsent":{unsent},"p50":{p50},"p99":{p99},"p999":{p999},"max":{max}}}"#
    )?;
    Ok(())
}

fn echo(options: &Options) -> Result<()> {
    let (connections, bytes, rate) = (options.connections()?, options.bytes()?, options.rate()?);
    let (until, warm_up) = (options.until()?, options.warm_up()?);
    let mut load = Load::new(options.port()?, 0)?;
    load.connect(connections)?;
    load.run(Stream { bytes, rate, until: warm_up })?;
    tell(connections, bytes, &load.run(Stream { bytes, rate, until })?)
}

fn accept(options: &Options) -> Result<()> {
    let (in_flight, bytes, port) = (options.connections()?, options.bytes()?, options.port()?);
    let (until, warm_up) = (options.until()?, options.warm_up()?);
    churn(port, Churn { in_flight, bytes, until: warm_up })?;
    tell(in_flight, bytes, &churn(port, Churn { in_flight, bytes, until })?)
}

fn hold(options: &Options) -> Result<()> {
    let mut load = Load::new(options.port()?, 0)?;
    load.connect(options.connections()?)?;
    writeln!(stdout(), "{}", load.len())?;
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn serve_echo(options: &Options) -> Result<()> {
    let manner = match options.0.get("manner").map(String::as_str) {
        None | Some("echo") => Manner::Echo,
        Some("close") => Manner::Close,
        Some(other) => return Err(format!("--manner is echo or close, not '{other}'").into()),
    };
    fdreactor_bench::serve(options.number("port", &u16::MAX)?.unwrap_or(0), manner)?;
    Ok(())
}

fn run(mut words: impl Iterator<Item = String>) -> Result<()> {
    let verb = words.next().unwrap_or_default();
    let mut words = words.peekable();
    if verb == "--help" || words.peek().is_some_and(|word| word == "--help") {
        stdout().write_all(USAGE.as_bytes())?;
        return Ok(());
    }
    let options = Options::parse(words)?;
    match verb.as_str() {
        "echo" => echo(&options),
        "accept" => accept(&options),
        "hold" => hold(&options),
        "serve" => serve_echo(&options),
        _ => {
            Err(format!("'{verb}' is not one of echo, accept, hold, serve ('--help' shows the options)")
                .into())
        }
    }
}

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "fdreactor-load: {error}");
            ExitCode::FAILURE
        }
    }
}
