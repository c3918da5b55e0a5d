//! The cases in which one thread waits while another changes what is watched: the reactor's blocking half is lent, as the
//! thread driver does it.

use crate::conformance::{column::Column, end::End, fixture::unix_pair, procedure::demand, watch::flags};
use fdreactor::{Blocking, Config, Event, Interest, Reactor, Waited};
use rustix::io::{fcntl_dupfd_cloexec, write};
use std::{
    fs,
    os::fd::AsRawFd,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long anything may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// M16's modifications, and how many are made between two looks at whether events still come.
const CHANGES: usize = 100_000;
const ROUND: usize = 1_000;

/// What a wait in another thread came to, and the half of the reactor that it was made with.
struct Found {
    blocking: Blocking,
    events: Vec<Event>,
    waited: Waited,
}

/// Runs `body` in another thread, and returns once that sleeps.
fn asleep<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, End> {
    let (say, hear) = channel();
    let thread = thread::spawn(move || {
        // A link of the form PID/task/TID.
        let _ = say.send(fs::read_link("/proc/thread-self").unwrap_or_default());
        body()
    });
    let name = hear.recv_timeout(PATIENCE).map_err(|_| "the thread did not start".to_owned())?;
    let stat = Path::new("/proc").join(name).join("stat");
    let deadline = Instant::now() + PATIENCE;
    while !thread.is_finished() && !sleeps(&stat)? {
        demand(Instant::now() < deadline, || "the thread does not come to its wait".to_owned())?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(thread)
}

/// Lends the blocking half to a thread that sleeps in a wait with it.
fn wait_elsewhere(
    reactor: &mut Reactor,
    timeout: Duration,
) -> Result<JoinHandle<fdreactor::Result<Found>>, End> {
    let blocking = lend(reactor)?;
    asleep(move || wait(blocking, timeout))
}

fn lend(reactor: &mut Reactor) -> Result<Blocking, End> {
    reactor.set_blocked_elsewhere(true);
    Ok(reactor.lend().ok_or_else(|| "it is lent already".to_owned())?)
}

/// Waits until something is found or the time is over; a wake alone is neither.
fn wait(mut blocking: Blocking, timeout: Duration) -> fdreactor::Result<Found> {
    let deadline = Instant::now() + timeout;
    let mut events = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = blocking.wait(Some(left), &mut events)?;
        if !events.is_empty() || Instant::now() >= deadline {
            return Ok(Found { blocking, events, waited });
        }
    }
}

/// Whether a thread sleeps: the letter behind its name, which may hold anything but ends at the last parenthesis.
fn sleeps(stat: &Path) -> Result<bool, End> {
    let text = fs::read_to_string(stat).or_else(|error| {
        // It has ended meanwhile.
        if error.kind() == std::io::ErrorKind::NotFound { Ok(String::new()) } else { Err(error) }
    })?;
    Ok(text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S')))
}

fn join(waiting: JoinHandle<fdreactor::Result<Found>>) -> Result<Found, End> {
    Ok(waiting.join().map_err(|_| "the waiting thread panicked".to_owned())??)
}

/// What is left of it once it is delivered, as an item of the table.
fn item(reactor: &mut Reactor, column: Column, found: &Found) -> String {
    let mut batch = Vec::new();
    reactor.deliver(&found.events, found.waited, &mut batch);
    let written: Vec<String> = batch.iter().map(|event| flags(column.backend, event.readiness)).collect();
    if written.is_empty() { "-".to_owned() } else { written.join(" ") }
}

fn reactor(column: Column) -> Result<Reactor, End> {
    Ok(Reactor::new(&Config { backend: column.backend, ..Config::default() })?)
}

/// M10.
pub(super) fn a_ready_one_is_added(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let (a, _b) = unix_pair()?;
    let waiting = wait_elsewhere(&mut reactor, PATIENCE)?;
    reactor.register(a.as_raw_fd(), column.mode.arming(Interest::WRITABLE))?;
    let found = join(waiting)?;
    Ok(item(&mut reactor, column, &found))
}

/// M11.
pub(super) fn an_interest_is_widened(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let (a, b) = unix_pair()?;
    let token = reactor.register(a.as_raw_fd(), column.mode.arming(Interest::NONE))?;
    let waiting = wait_elsewhere(&mut reactor, PATIENCE)?;
    reactor.modify(token, column.mode.arming(Interest::READABLE))?;
    write(&b, b".")?;
    let found = join(waiting)?;
    Ok(item(&mut reactor, column, &found))
}

/// M13. Whoever closes the reactor wakes what waits: the halves are independent.
pub(super) fn it_is_closed(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let mut blocking = lend(&mut reactor)?;
    let waker = reactor.waker();
    let (say, hear) = channel();
    let waiting = asleep(move || {
        let mut events = Vec::new();
        let waited = blocking.wait(None, &mut events);
        say.send(waited.map(|waited| (waited.woken, events.len())))
    })?;
    drop(reactor);
    waker.wake()?;
    let ended = hear.recv_timeout(PATIENCE).map_err(|_| "it goes on waiting".to_owned())??;
    demand(ended == (true, 0), || format!("it ended with (woken, events) {ended:?}"))?;
    let _ = waiting.join().map_err(|_| "the waiting thread panicked".to_owned())?;
    Ok("ends".to_owned())
}

/// M15.
pub(super) fn a_descriptor_is_closed(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let (low, _b) = unix_pair()?;
    // A high number, which nothing else gets meanwhile, and no other for the same file.
    let a = fcntl_dupfd_cloexec(&low, 900)?;
    drop(low);
    reactor.register(a.as_raw_fd(), column.mode.arming(Interest::READABLE))?;
    let waiting = wait_elsewhere(&mut reactor, Duration::from_millis(200))?;
    drop(a);
    let mut found = join(waiting)?;
    let mut items = vec![item(&mut reactor, column, &found)];
    for _ in 0..2 {
        let Found { mut blocking, mut events, .. } = found;
        let waited = blocking.wait(Some(Duration::ZERO), &mut events)?;
        found = Found { blocking, events, waited };
        items.push(item(&mut reactor, column, &found));
    }
    Ok(items.join(";"))
}

/// The thread of M16: it waits, hands over what it has found, and waits again once that was delivered.
fn hand_over(
    mut blocking: Blocking,
    found: &Sender<fdreactor::Result<(Vec<Event>, Waited)>>,
    delivered: &Receiver<()>,
) {
    let mut events = Vec::new();
    loop {
        let outcome = blocking.wait(None, &mut events);
        if outcome.is_ok() && events.is_empty() {
            if delivered.try_recv() == Err(TryRecvError::Disconnected) {
                return;
            }
            continue;
        }
        let handed = found.send(outcome.map(|waited| (std::mem::take(&mut events), waited)));
        if handed.is_err() || delivered.recv().is_err() {
            return;
        }
    }
}

fn lost(change: usize) -> End {
    format!("after {change} changes nothing comes any more").into()
}

/// M16. What is watched is always ready, so after each modification an event of the new arming is due, whatever was found
/// before it.
pub(super) fn modifications_race(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let (a, _b) = unix_pair()?;
    let arming = column.mode.arming(Interest::WRITABLE);
    let mut token = reactor.register(a.as_raw_fd(), arming)?;
    let blocking = lend(&mut reactor)?;
    let waker = reactor.waker();
    let (find, found) = channel();
    let (deliver, delivered) = channel();
    let waiting = thread::spawn(move || hand_over(blocking, &find, &delivered));
    let mut batch = Vec::new();
    let mut give = |reactor: &mut Reactor, (events, waited): (Vec<Event>, Waited)| -> Vec<Event> {
        reactor.set_blocked_elsewhere(false);
        reactor.deliver(&events, waited, &mut batch);
        reactor.set_blocked_elsewhere(true);
        let _ = deliver.send(());
        std::mem::take(&mut batch)
    };
    for change in 1..=CHANGES {
        token = reactor.modify(token, arming)?;
        let is_look = change % ROUND == 0;
        if is_look {
            // However the threads are scheduled, some are overtaken: what is found now waits while the next change is made.
            let overtaken = found.recv_timeout(PATIENCE).map_err(|_| lost(change))??;
            token = reactor.modify(token, arming)?;
            let told = give(&mut reactor, overtaken);
            demand(told.is_empty(), || format!("{told:?} was told behind a change"))?;
        }
        let mut told = false;
        // Between two looks whatever has been found meanwhile is delivered; at a look it must be the newest arming's.
        while !told {
            let patience = if is_look { PATIENCE } else { Duration::ZERO };
            let handed = match found.recv_timeout(patience) {
                Ok(handed) => handed?,
                Err(RecvTimeoutError::Timeout) if patience.is_zero() => break,
                Err(_) => return Err(lost(change)),
            };
            let batch = give(&mut reactor, handed);
            demand(batch.iter().all(|event| event.token == token), || {
                format!("{batch:?} is not {token:?}'s")
            })?;
            told = !batch.is_empty();
        }
    }
    drop((deliver, found));
    waker.wake()?;
    waiting.join().map_err(|_| "the waiting thread panicked".to_owned())?;
    let rebuilds = reactor.stats().rebuilds;
    demand(rebuilds == 0, || format!("{rebuilds} times an overtaken event was taken for one out of reach"))?;
    Ok("ok".to_owned())
}
