"""`python -m benchmarks.gateway`: the sandbox as a process of its own, without a rate limit."""

import argparse

from gallery.sandbox import server


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0, help="seconds a picture takes")
    parser.add_argument("--noise", type=int, default=0, help="side of ready-made noise in pixels; 0 draws pictures")
    given = parser.parse_args()
    server.run(port=given.port, delay=given.delay, noise=given.noise, requests_per_minute=1_000_000)


if __name__ == "__main__":
    main()
