"""What the kernels of a trace (``invseg_bench --trace``) take, by name, the longest first.

    python scripts/gpu/kernels.py trace.json [--rows 40]
"""

import argparse
import collections
import json
import re


def short(name: str) -> str:
    """Kernels of LibTorch are told apart by what they compute, which stands deep in their template arguments."""
    name = re.sub(r"void |at::native::|\(anonymous namespace\)::|std::|c10::|at::|unsigned |static_cast", "", name)
    name = re.sub(r"gpu_kernel_impl_nocast|gpu_kernel_impl|array<char\*, \dul>|\(TensorIteratorBase&\)", "", name)
    return name if len(name) < 170 else name[:120] + " … " + name[-45:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace")
    parser.add_argument("--rows", type=int, default=40)
    options = parser.parse_args()
    with open(options.trace, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    kinds = ("kernel", "gpu_memcpy", "gpu_memset")
    kernels = [event for event in events if event.get("cat") in kinds]
    if not kernels:
        print("no kernels in the trace")
        return
    begin = min(event["ts"] for event in kernels)
    end = max(event["ts"] + event["dur"] for event in kernels)
    busy = sum(event["dur"] for event in kernels)
    print(f"{len(kernels)} kernels, busy {busy / 1e3:.1f} ms of {(end - begin) / 1e3:.1f} ms")
    totals = collections.defaultdict(lambda: [0.0, 0])
    for event in kernels:
        entry = totals[short(event["name"])]
        entry[0] += event["dur"]
        entry[1] += 1
    for name, (time, count) in sorted(totals.items(), key=lambda item: -item[1][0])[: options.rows]:
        print(f"{time / 1e3:8.2f} ms {count:6d} x {time / count:7.1f} us  {name}")


if __name__ == "__main__":
    main()
