//! The cases in words that take many descriptors.

use crate::conformance::{
    act::open_numbers,
    column::{Column, Mode},
    end::End,
    fixture::{pipe_pair, tcp_pair, unix_pair},
    procedure::{demand, named, scrambled, shows},
    watch::Watch,
};
use fdreactor::Interest;
use rustix::{
    io::{fcntl_dupfd_cloexec, read, write},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::{
    collections::BTreeSet,
    fs,
    os::fd::{AsRawFd, OwnedFd, RawFd},
    time::Duration,
};

/// L02.
pub(super) fn batches_of_three(column: Column) -> Result<String, End> {
    let mut watch = Watch::with_batch_size(column.backend, 3)?;
    let mut pipes = Vec::new();
    for number in 0..18 {
        let (reader, writer) = pipe_pair()?;
        if number < 13 {
            write(&writer, b".")?;
        }
        watch.add(&number.to_string(), reader.as_raw_fd(), column.mode.arming(Interest::READABLE))?;
        pipes.push((reader, writer));
    }
    if column.mode == Mode::Level {
        // Before anything is drained: a limit starves nobody, so five batches of three reach all thirteen.
        let mut reached = BTreeSet::new();
        for _ in 0..5 {
            reached.extend(watch.turn(Duration::ZERO)?.into_iter().map(|record| record.name));
        }
        demand(reached.len() == 13, || format!("five batches reached {reached:?}"))?;
    }
    let mut served = BTreeSet::new();
    let mut sizes = Vec::new();
    loop {
        let records = watch.turn(Duration::ZERO)?;
        if records.is_empty() {
            break;
        }
        sizes.push(records.len().to_string());
        for (name, flags) in named(&records, column.backend) {
            let number: usize = name.parse().unwrap_or(usize::MAX);
            let right = number < 13 && flags == shows(column.backend, Interest::READABLE);
            demand(right && served.insert(number), || format!("{name} was reported as {flags}, or twice"))?;
            read(&pipes[number].0, &mut [0; 1])?;
        }
    }
    demand(served.len() == 13, || format!("{} of 13 were served", served.len()))?;
    Ok(sizes.join(","))
}

/// L04.
pub(super) fn one_of_a_hundred_connections(column: Column) -> Result<String, End> {
    let mut watch = Watch::new(column.backend)?;
    let arming = column.mode.arming(Interest::READABLE);
    let mut pairs = Vec::new();
    for number in 0..100 {
        let (one, other) = tcp_pair()?;
        watch.add(&number.to_string(), one.as_raw_fd(), arming)?;
        pairs.push((one, other));
    }
    for round in 0..100 {
        let number = scrambled(round) % pairs.len();
        let (one, other) = &pairs[number];
        write(other, b".")?;
        for timeout in [200, 0].map(Duration::from_millis) {
            let name = number.to_string();
            let in_ = (name.as_str(), shows(column.backend, Interest::READABLE).to_owned());
            let expected: Vec<_> = (timeout > Duration::ZERO).then_some(in_).into_iter().collect();
            let records = watch.turn(timeout)?;
            let got = named(&records, column.backend);
            demand(got == expected, || format!("{number} was written to, and {got:?} reported"))?;
            if timeout > Duration::ZERO {
                read(one, &mut [0; 8])?;
            } else if arming.oneshot {
                watch.modify(&name, one.as_raw_fd(), arming)?;
            }
        }
    }
    Ok("ok".to_owned())
}

/// L05.
pub(super) fn high_numbers(column: Column) -> Result<String, End> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    let (one, _other) = unix_pair()?;
    let mut watch = Watch::new(column.backend)?;
    let mut items = Vec::new();
    for number in [1023, 1500] {
        let high = fcntl_dupfd_cloexec(&one, number)?;
        demand(high.as_raw_fd() == number, || format!("{number} is not free"))?;
        match watch.add("it", number, column.mode.arming(Interest::WRITABLE)) {
            Ok(()) => {
                let records = watch.turn(Duration::ZERO)?;
                let got = named(&records, column.backend);
                let expected = [("it", shows(column.backend, Interest::WRITABLE).to_owned())];
                demand(got == expected, || format!("{number} was reported as {got:?}"))?;
                watch.remove("it", number)?;
                items.push("ok".to_owned());
            }
            Err(End::Refused(_)) if column.refused() => return Ok("ENOTSUP".to_owned()),
            Err(End::Refused(name)) => items.push(name),
            Err(broken) => return Err(broken),
        }
    }
    Ok(items.join(";"))
}

/// L06.
pub(super) fn added_and_removed_at_once(column: Column) -> Result<String, End> {
    let mut watch = Watch::new(column.backend)?;
    let before = open_numbers()?;
    let mut sockets: Vec<OwnedFd> = Vec::new();
    for _ in 0..32 {
        let (one, other) = tcp_pair()?;
        sockets.extend([one, other]);
    }
    let numbers: Vec<RawFd> = sockets.iter().map(AsRawFd::as_raw_fd).collect();
    for &number in &numbers {
        watch.add(
            &number.to_string(),
            number,
            column.mode.arming(Interest::READABLE | Interest::WRITABLE),
        )?;
    }
    for &number in &numbers {
        watch.remove(&number.to_string(), number)?;
    }
    let records = watch.turn(Duration::from_millis(50))?;
    let got = named(&records, column.backend);
    demand(got.is_empty(), || format!("{got:?} was reported"))?;
    drop(sockets);
    let after = open_numbers()?;
    demand(after == before, || format!("{before:?} were open before, and {after:?} after"))?;
    Ok("ok".to_owned())
}

/// L08.
pub(super) fn more_than_the_limit(column: Column) -> Result<String, End> {
    let mut watch = Watch::new(column.backend)?;
    let mut sockets: Vec<OwnedFd> = Vec::new();
    for _ in 0..15 {
        let (one, other) = unix_pair()?;
        sockets.extend([one, other]);
    }
    for socket in &sockets {
        let number = socket.as_raw_fd();
        watch.add(&number.to_string(), number, column.mode.arming(Interest::WRITABLE))?;
    }
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(20), maximum })?;
    Ok(watch.turn(Duration::ZERO)?.len().to_string())
}

/// L09. What a reactor leaves behind shows in two thousand of them: one kibibyte each is two mebibytes.
pub(super) fn two_thousand_reactors(column: Column) -> Result<String, End> {
    let cycle = || -> Result<(), End> {
        let mut watch = Watch::new(column.backend)?;
        let records = watch.turn(Duration::ZERO)?;
        demand(records.is_empty(), || format!("{:?} was reported", named(&records, column.backend)))
    };
    // What the first ones cost is the allocator's.
    for _ in 0..100 {
        cycle()?;
    }
    let (open, resident) = (open_numbers()?, resident()?);
    for _ in 0..2000 {
        cycle()?;
    }
    let now = open_numbers()?;
    demand(now == open, || format!("{open:?} were open before, and {now:?} after"))?;
    let grown = self::resident()?.saturating_sub(resident);
    demand(grown < 512, || format!("{grown} KiB more are resident"))?;
    Ok("flat".to_owned())
}

/// How many KiB of this process are in memory.
fn resident() -> Result<u64, End> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    Ok(number.ok_or_else(|| "the resident size is not told".to_owned())?)
}
