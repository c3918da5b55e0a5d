//! What a kernel's set must report: epoll's, which goes by open file and number, and a scan's, which goes by number alone.

use crate::histories::{
    files::{FileId, Files, poll_now},
    model::Registration,
};
use fdreactor::{Arming, Backend, Interest, Readiness, Trigger};
use rustix::{event::PollFlags, io::Errno};
use std::collections::BTreeMap;

/// One arming of one registration: what a token stands for.
pub(crate) type Serial = u64;

/// What a wait may find.
pub(crate) struct Sight {
    pub(crate) serial: Serial,
    pub(crate) readiness: Readiness,
    /// Whether it must: an edge that only may be one need not be told.
    pub(crate) must: bool,
}

struct Entry {
    serial: Serial,
    arming: Arming,
    /// After a oneshot's event.
    silent: bool,
    /// Added or changed since the last wait, or more data came.
    fresh: bool,
    /// Something happened since the last wait that may be an edge.
    touched: bool,
    /// What was ready in the last wait.
    seen: PollFlags,
}

/// epoll's set. An entry lives as long as its file has a number, be it another one.
#[derive(Default)]
pub(crate) struct Kernel {
    entries: BTreeMap<(usize, FileId), Entry>,
}

fn request(arming: Arming) -> PollFlags {
    let half_close = if arming.exclusive { PollFlags::empty() } else { PollFlags::RDHUP };
    let mut mask = PollFlags::empty();
    for (asked, bits) in [
        (Interest::READABLE, PollFlags::IN | half_close),
        (Interest::WRITABLE, PollFlags::OUT),
        (Interest::PRIORITY, PollFlags::PRI),
        (Interest::DISCONNECT, half_close),
    ] {
        mask.set(bits, mask.contains(bits) || arming.interest.contains(asked));
    }
    mask
}

fn readiness(found: PollFlags) -> Readiness {
    let bits = [
        (PollFlags::IN, Readiness::READABLE),
        (PollFlags::OUT, Readiness::WRITABLE),
        (PollFlags::PRI, Readiness::PRIORITY),
        (PollFlags::RDHUP, Readiness::READ_CLOSED),
        (PollFlags::HUP, Readiness::HANGUP),
        (PollFlags::ERR, Readiness::ERROR),
        (PollFlags::NVAL, Readiness::INVALID),
    ];
    bits.into_iter()
        .filter(|&(flag, _)| found.contains(flag))
        .fold(Readiness::EMPTY, |all, (_, bit)| all | bit)
}

impl Kernel {
    /// `EPOLL_CTL_ADD`, which takes the place of an entry that was left behind for the same number and file.
    pub(crate) fn add(&mut self, key: (usize, FileId), serial: Serial, arming: Arming) {
        let seen = PollFlags::empty();
        let entry = Entry { serial, arming, silent: false, fresh: true, touched: false, seen };
        self.entries.insert(key, entry);
    }

    /// `EPOLL_CTL_MOD`.
    pub(crate) fn modify(
        &mut self,
        key: (usize, FileId),
        serial: Serial,
        arming: Arming,
    ) -> Result<(), Errno> {
        self.remove(key)?;
        self.add(key, serial, arming);
        Ok(())
    }

    /// `EPOLL_CTL_DEL`.
    pub(crate) fn remove(&mut self, key: (usize, FileId)) -> Result<(), Errno> {
        self.entries.remove(&key).map(|_| ()).ok_or(Errno::NOENT)
    }

    pub(crate) fn has(&self, key: (usize, FileId)) -> bool {
        self.entries.contains_key(&key)
    }

    /// Takes in what happened to the files.
    pub(crate) fn follow(&mut self, files: &mut Files) {
        for touch in files.take_touched() {
            for (_, entry) in self.entries.iter_mut().filter(|((_, file), _)| *file == touch.file) {
                entry.touched = true;
                entry.fresh |= touch.arrived && entry.arming.interest.contains(Interest::READABLE);
            }
        }
        self.entries.retain(|&(_, file), _| files.place_of(file).is_some());
    }

    /// What a wait would find now.
    pub(crate) fn look(&self, files: &Files) -> Vec<Sight> {
        let sights = self.entries.iter().filter(|(_, entry)| !entry.silent).filter_map(|(key, entry)| {
            let now = entry.now(*key, files);
            let is_level = entry.arming.trigger == Trigger::Level;
            let must = !now.is_empty() && (is_level || entry.fresh || !entry.seen.contains(now));
            let may = !now.is_empty() && (must || entry.touched);
            may.then(|| Sight { serial: entry.serial, readiness: readiness(now), must })
        });
        sights.collect()
    }

    /// A wait found these; `all` if it had room for everything there was.
    pub(crate) fn looked(&mut self, files: &Files, found: &[Serial], all: bool) {
        for (key, entry) in &mut self.entries {
            let told = found.contains(&entry.serial);
            if told || all {
                entry.seen = entry.now(*key, files);
                entry.fresh = false;
                entry.touched = false;
            }
            entry.silent |= told && entry.arming.oneshot;
        }
    }
}

impl Entry {
    fn now(&self, (_, file): (usize, FileId), files: &Files) -> PollFlags {
        let at = files.place_of(file).unwrap();
        poll_now(at, request(self.arming))
    }
}

/// What a scan would find now.
pub(crate) fn scan<'a>(
    backend: Backend,
    watched: impl Iterator<Item = (usize, &'a Registration)>,
) -> Vec<Sight> {
    let sights: Vec<(Arming, Sight)> = watched
        .map(|(at, registration)| {
            let arming = registration.arming;
            let now = poll_now(at, request(arming));
            let readiness = if backend == Backend::Select { narrow(arming, now) } else { readiness(now) };
            (arming, Sight { serial: registration.serial, readiness, must: true })
        })
        .collect();
    // select fails on a closed number if anything was asked of it that it can express, and only then are they searched.
    let lost = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
    let fails = backend != Backend::Select
        || sights
            .iter()
            .any(|(arming, sight)| sight.readiness == Readiness::INVALID && arming.interest.intersects(lost));
    let tells = |sight: &Sight| {
        !sight.readiness.is_empty() && (fails || !sight.readiness.contains(Readiness::INVALID))
    };
    sights.into_iter().map(|(_, sight)| sight).filter(tells).collect()
}

/// select's three sets: a hang-up shows as readable, an error as readable and writable, if that was asked.
fn narrow(arming: Arming, now: PollFlags) -> Readiness {
    if now.contains(PollFlags::NVAL) {
        return Readiness::INVALID;
    }
    let sets = [
        (Interest::READABLE, PollFlags::IN | PollFlags::HUP | PollFlags::ERR, Readiness::READABLE),
        (Interest::WRITABLE, PollFlags::OUT | PollFlags::ERR, Readiness::WRITABLE),
        (Interest::PRIORITY, PollFlags::PRI, Readiness::PRIORITY),
    ];
    sets.into_iter()
        .filter(|&(asked, shows, _)| arming.interest.contains(asked) && now.intersects(shows))
        .fold(Readiness::EMPTY, |all, (_, _, bit)| all | bit)
}
