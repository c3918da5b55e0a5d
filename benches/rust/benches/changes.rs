//! Registering, modifying and removing a descriptor.
#![allow(missing_docs, clippy::expect_used, reason = "a bench")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fdreactor::{Backend, Trigger};
use fdreactor_bench::{DescriptorSet, Kind, Watch};

const SIZE: usize = 1_000;

fn changes(criterion: &mut Criterion) {
    let set = DescriptorSet::new(Kind::Socket, SIZE).expect("descriptors");
    let mut group = criterion.benchmark_group(format!("changes of {SIZE} registrations"));
    group.throughput(Throughput::Elements(SIZE as u64));
    for backend in [Backend::native(), Backend::Poll, Backend::Select] {
        let mut watch = Watch::new(backend, Trigger::Level, &set).expect("a reactor");
        group.bench_function(BenchmarkId::new("register and remove", backend.name()), |bencher| {
            bencher.iter(|| {
                watch.register(&set).expect("registrations");
                watch.deregister().expect("removals");
            });
        });
        watch.register(&set).expect("registrations");
        group.bench_function(BenchmarkId::new("modify", backend.name()), |bencher| {
            bencher.iter(|| watch.modify().expect("modifications"));
        });
    }
    group.finish();
}

criterion_group!(benches, changes);
criterion_main!(benches);
