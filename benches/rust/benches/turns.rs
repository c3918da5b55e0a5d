//! One turn: a few descriptors of many become ready, and the reactor hands over their events. The stimulus, a read and a
//! write for each, is in the time, and is measured alone beside it.
#![allow(missing_docs, clippy::expect_used, reason = "a bench")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fdreactor::{Backend, Trigger};
use fdreactor_bench::{DescriptorSet, Kind, Watch};
use std::hint::black_box;

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

fn variants() -> [(&'static str, Backend, Trigger); 4] {
    [
        ("native level", Backend::native(), Trigger::Level),
        ("native edge", Backend::native(), Trigger::Edge),
        ("poll", Backend::Poll, Trigger::Level),
        ("select", Backend::Select, Trigger::Level),
    ]
}

fn turns(criterion: &mut Criterion) {
    for active in [1, 64] {
        let mut group = criterion.benchmark_group(format!("{active} of N ready"));
        group.throughput(Throughput::Elements(active as u64));
        for size in SIZES.into_iter().filter(|&size| size >= active) {
            let set = DescriptorSet::new(Kind::Socket, size.min(8_000))
                .expect("descriptors; raise the limit of open files");
            group.bench_function(BenchmarkId::new("stimulus alone", set.len()), |bencher| {
                bencher.iter(|| set.stimulate(active).expect("a stimulus"));
            });
            for (name, backend, trigger) in variants() {
                let mut watch = Watch::new(backend, trigger, &set).expect("a reactor");
                watch.register(&set).expect("registrations");
                set.calm();
                group.bench_function(BenchmarkId::new(name, set.len()), |bencher| {
                    bencher.iter(|| {
                        watch
                            .rounds(&set, active, 1, |event| {
                                black_box(event);
                            })
                            .expect("a turn")
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, turns);
criterion_main!(benches);
