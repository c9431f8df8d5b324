"""A made run of the benchmark, as bench.json holds it, for the tests of what reads one."""


def kernel(name, us, **more):
    middle = sorted(us)[len(us) // 2]
    row = {"network": "Net", "function": "infer_b1", "name": name, "part": "forward", "us": us, "flops": 1000000,
           "direct_flops": 1000000, "bytes": 50000, "flop_per_byte": 20.0, "gflops": 1000 / middle,
           "direct_gflops": 1000 / middle, "peak_gflops": 200.0, "peak_percent": 500 / middle,
           "gbytes_per_second": 50 / middle, "read_gbytes_per_second": 30.0, "compile_ms": 100.0}
    return row | more


def network(ms, **more):
    row = {"network": "Net", "mode": "infer", "batch": 1, "ms": ms, "ms_least": min(ms), "ms_median": sorted(ms)[len(ms) // 2],
           "flops": 2000000, "gflops": 100.0, "peak_gflops": 200.0, "peak_percent": 50.0, "images_per_second": 1000.0,
           "kernels": [{"name": "conv1: conv2d+relu", "ms": 0.3, "flops": 1500000, "bytes": 50000, "gflops": 5.0,
                        "peak_percent": 2.5, "gbytes_per_second": 0.2},
                       {"name": "fc: dense", "ms": 0.1, "flops": 500000, "bytes": 50000, "gflops": 5.0,
                        "peak_percent": 2.5, "gbytes_per_second": 0.5}], "peers": []}
    return row | more


def run(kernels=(), networks=(), **machine):
    return {"schema": 1, "quick": False,
            "machine": {"cpu": "A CPU", "features": ["avx2", "fma"], "cores": 2, "threads": 2, "peak_gflops": 200.0,
                        "read_gbytes_per_second": 30.0} | machine,
            "versions": {"fovea": "0.1", "commit": "0123456789abcdef", "changed": False, "date": "2026-01-01T00:00:00+00:00"},
            "kernels": list(kernels), "networks": list(networks)}
