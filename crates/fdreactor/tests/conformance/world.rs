//! The world of one case: its descriptors by name, its reactors, its helpers, and the items it has come to.

use crate::conformance::{
    act,
    column::{Column, Mode},
    end::{self, End},
    expect,
    operation::Operation,
    step::{Act, Asked, Step},
    watch::{Record, Watch, flags},
};
use fdreactor::{Arming, Backend, Interest};
use rustix::{
    fs::inotify,
    io::{fcntl_dupfd_cloexec, write},
};
use std::{
    collections::BTreeMap,
    env, fs, io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
    path::PathBuf,
    process::Child,
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long things take to arrive that pass through another stack or process, while nobody polls.
const SETTLING: Duration = Duration::from_millis(50);

/// A name's number, and its descriptor while it is open and ours.
struct Held {
    number: RawFd,
    owned: Option<OwnedFd>,
}

pub(crate) struct World {
    column: Column,
    held: BTreeMap<String, Held>,
    watches: BTreeMap<String, Watch>,
    settles: bool,
    /// Whether the case asks for half-closes, so that they count.
    exact: bool,
    /// How many bytes the last `fill` wrote.
    pub(crate) filled: usize,
    children: Vec<Child>,
    directory: Option<PathBuf>,
    threads: Vec<JoinHandle<io::Result<usize>>>,
}

/// Acts a case out and returns its items.
pub(crate) fn run(steps: &[Step], column: Column) -> Result<String, String> {
    let mut world = World::new(steps, column).map_err(|end| end.to_string())?;
    let mut items = Vec::new();
    for step in steps {
        match world.step(step, steps, &mut items) {
            Ok(()) => {}
            Err(End::Refused(item)) => {
                items.push(item);
                break;
            }
            Err(End::Broken(reason)) => return Err(format!("{:?}: {reason}", step.act)),
        }
    }
    for thread in std::mem::take(&mut world.threads) {
        thread
            .join()
            .map_err(|_| "a later step panicked")?
            .map_err(|error| format!("a later step: {error}"))?;
    }
    // What has fallen silent stays so: a turn checks that, whatever else it reports.
    for watch in world.watches.values_mut() {
        watch.turn(Duration::ZERO).map_err(|end| format!("one turn more: {end}"))?;
    }
    Ok(items.join(";"))
}

impl World {
    /// Reactors come first, so that none of theirs is on a number that a case closes.
    fn new(steps: &[Step], column: Column) -> Result<Self, End> {
        let mut watches = BTreeMap::new();
        for step in steps.iter().filter(|step| step.reactor != expect::INNER) {
            if !watches.contains_key(&step.reactor) {
                watches.insert(step.reactor.clone(), Watch::new(column.backend)?);
            }
        }
        Ok(Self {
            column,
            held: BTreeMap::new(),
            watches,
            settles: steps
                .iter()
                .any(|step| matches!(&step.act, Act::Make(fixture) if fixture.needs_settling())),
            exact: expect::asks_for_half_close(steps),
            filled: 0,
            children: Vec::new(),
            directory: None,
            threads: Vec::new(),
        })
    }

    fn step(&mut self, step: &Step, steps: &[Step], items: &mut Vec<String>) -> Result<(), End> {
        let outcome = match &step.act {
            Act::Make(fixture) => return Ok(fixture.make(self)?),
            Act::Operate(operation) => return satisfy(act::perform(self, operation), step.demand.as_deref()),
            Act::Later(delay, operation) => return self.later(*delay, operation),
            Act::Wait | Act::Count | Act::WaitFor(_) => {
                let timeout = if let Act::WaitFor(timeout) = step.act { timeout } else { self.settle() };
                let watch = self.watch(&step.reactor)?;
                let records = watch.turn(timeout)?;
                let backend = watch.backend();
                items.push(match step.act {
                    Act::Count => records.len().to_string(),
                    _ => self.item(backend, &records, expect::names(steps, &step.reactor).len() < 2),
                });
                return Ok(());
            }
            Act::Add(name, interest, asked) => {
                let (number, arming) = (self.number(name)?, self.arming(step, *interest, *asked));
                self.watch(&step.reactor)?.add(name, number, arming)
            }
            Act::Modify(name, interest, asked) => {
                let (number, arming) = (self.number(name)?, self.arming(step, *interest, *asked));
                self.watch(&step.reactor)?.modify(name, number, arming)
            }
            Act::Remove(name) => {
                let number = self.number(name)?;
                self.watch(&step.reactor)?.remove(name, number)
            }
        };
        match outcome {
            Ok(()) if step.attempt => items.push("ok".to_owned()),
            Err(End::Refused(item)) if step.attempt => items.push(item),
            outcome => return outcome,
        }
        Ok(())
    }

    fn arming(&self, step: &Step, interest: Interest, asked: Asked) -> Arming {
        match asked {
            // Which is what its fixture was made with.
            Asked::Column if step.reactor == expect::INNER => Mode::Level,
            Asked::Column => self.column.mode,
            Asked::Named(mode) => mode,
            Asked::Other => self.column.mode.other(),
        }
        .arming(interest)
    }

    fn watch(&mut self, reactor: &str) -> Result<&mut Watch, End> {
        self.watches.get_mut(reactor).ok_or_else(|| End::Broken(format!("no reactor called {reactor}")))
    }

    /// What a plain wait waits beforehand; it has no timeout of its own.
    fn settle(&self) -> Duration {
        if self.settles {
            thread::sleep(SETTLING);
        }
        Duration::ZERO
    }

    /// Writes a batch as the table does.
    fn item(&self, backend: Backend, records: &[Record], alone: bool) -> String {
        let write = |record: &Record| {
            let mut flags = flags(backend, record.readiness);
            // `readable` asks for the half-close too. An event of nothing else would be one too many, and stays.
            if !self.exact && flags.len() > 1 {
                flags.retain(|flag| flag != 'D');
            }
            if alone { flags } else { format!("{}:{flags}", self.shown(&record.name)) }
        };
        let mut written: Vec<String> = records.iter().map(write).collect();
        written.sort();
        if written.is_empty() { "-".to_owned() } else { written.join(" ") }
    }

    /// The name under which the table shows a registration: that of the open descriptor that has its number now.
    fn shown<'a>(&'a self, name: &'a str) -> &'a str {
        let number = self.held.get(name).map(|held| held.number);
        let holder = self.held.iter().find(|(_, held)| held.owned.is_some() && Some(held.number) == number);
        match (self.held.get(name), holder) {
            (Some(Held { owned: None, .. }), Some((holder, _))) => holder,
            _ => name,
        }
    }

    fn later(&mut self, delay: Duration, operation: &Operation) -> Result<(), End> {
        let Operation::Write(name, content) = operation else {
            return Err(End::Broken("only a write can come later".to_owned()));
        };
        let target = fcntl_dupfd_cloexec(self.fd(name)?, 0)?;
        let content = content.clone();
        self.threads.push(thread::spawn(move || {
            thread::sleep(delay);
            Ok(write(&target, &content)?)
        }));
        Ok(())
    }
}

/// What fixtures and operations need of it.
impl World {
    pub(crate) fn hold(&mut self, name: &str, fd: OwnedFd) {
        self.held.insert(name.to_owned(), Held { number: fd.as_raw_fd(), owned: Some(fd) });
    }

    /// Names a number that is not ours to close.
    pub(crate) fn note(&mut self, name: &str, number: RawFd) {
        self.held.insert(name.to_owned(), Held { number, owned: None });
    }

    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.held.get(name).is_some_and(|held| held.owned.is_some())
    }

    pub(crate) fn fd(&self, name: &str) -> io::Result<BorrowedFd<'_>> {
        use std::os::fd::AsFd;
        let owned = self.held.get(name).and_then(|held| held.owned.as_ref());
        owned.map(AsFd::as_fd).ok_or_else(|| io::Error::other(format!("{name} is not open")))
    }

    /// Takes a descriptor out of the world; its name keeps its number.
    pub(crate) fn take(&mut self, name: &str) -> io::Result<OwnedFd> {
        let owned = self.held.get_mut(name).and_then(|held| held.owned.take());
        owned.ok_or_else(|| io::Error::other(format!("{name} is not open")))
    }

    /// A name's number, open or not; a number is its own name.
    pub(crate) fn number(&self, name: &str) -> io::Result<RawFd> {
        let number = self.held.get(name).map(|held| held.number).or_else(|| name.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("nothing is called {name}")))
    }

    pub(crate) fn raise(&mut self, child: Child) {
        self.children.push(child);
    }

    pub(crate) fn child(&mut self) -> io::Result<&mut Child> {
        self.children.last_mut().ok_or_else(|| io::Error::other("there is no child"))
    }

    /// Makes an empty directory and a descriptor that is told of files made in it.
    pub(crate) fn watch_directory(&mut self) -> io::Result<OwnedFd> {
        let directory = env::temp_dir().join(format!("fdreactor-conformance-{}", std::process::id()));
        fs::create_dir(&directory)?;
        let fd = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(&fd, &directory, inotify::WatchFlags::CREATE)?;
        self.directory = Some(directory);
        Ok(fd)
    }

    pub(crate) fn touch(&self) -> io::Result<()> {
        let directory = self.directory.as_ref().ok_or_else(|| io::Error::other("there is no directory"))?;
        fs::File::create(directory.join("new")).map(|_| ())
    }

    pub(crate) fn make_inner(&mut self) -> io::Result<()> {
        let inner = Watch::new(Backend::Epoll).map_err(|end| io::Error::other(end.to_string()))?;
        self.note_reactor(expect::INNER, &inner)?;
        self.watches.insert(expect::INNER.to_owned(), inner);
        Ok(())
    }

    pub(crate) fn note_itself(&mut self) -> io::Result<()> {
        let watch = self.watches.remove("").ok_or_else(|| io::Error::other("there is no default reactor"))?;
        self.note_reactor("self", &watch)?;
        self.watches.insert(String::new(), watch);
        Ok(())
    }

    fn note_reactor(&mut self, name: &str, watch: &Watch) -> io::Result<()> {
        let number = watch.fd().ok_or_else(|| io::Error::other("the reactor has no descriptor"))?;
        self.note(name, number);
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may be over already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(directory) = &self.directory {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

/// Holds an operation's result against what the step demands of it; without a demand, it must have worked.
fn satisfy(outcome: io::Result<usize>, demand: Option<&str>) -> Result<(), End> {
    let got = match outcome {
        Ok(_) if demand.is_none() || demand == Some("ok") => return Ok(()),
        Ok(count) => count.to_string(),
        Err(error) => error.raw_os_error().map_or_else(|| error.to_string(), end::errno),
    };
    if demand == Some(&got) { Ok(()) } else { Err(End::Broken(format!("expected {demand:?}, got {got}"))) }
}
