"""What a case of a test is given: a request and a folder for what it writes."""

import argparse
import json
import os
from typing import Any, Dict, Tuple

import torch


def read_request(usage: str) -> Tuple[Dict[str, Any], str]:
    """The request of the command line, and the folder, which is made."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--request", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with open(arguments.request, encoding="utf-8") as file:
        request = json.load(file)
    os.makedirs(arguments.out, exist_ok=True)
    return request, arguments.out
