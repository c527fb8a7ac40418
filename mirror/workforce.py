"""Makers at work: groups of dists spread over child processes."""

import contextlib
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from mageos_portal.git_fetching import environment
from mirror import making
from mirror.making import Failed, Group, Made

MOST_AHEAD = 4  # groups that are made and not taken
FEW = 24  # dists that are not worth starting children for
Results = list[Made | Failed]


def make_all(groups: Sequence[Group], jobs: int) -> Iterator[Results]:
    """Make all groups and give each one's results as it is done; order is not kept."""
    if jobs == 1 or sum(len(group.tasks) for group in groups) <= FEW:
        yield from making.make_groups(iter(groups))
        return
    waiting: queue.SimpleQueue[Group] = queue.SimpleQueue()
    room = threading.Semaphore(jobs + MOST_AHEAD)
    for group in groups:
        waiting.put(group)
    done: queue.SimpleQueue[Results | BaseException] = queue.SimpleQueue()
    hands = [_Hand(waiting, done, room) for _ in range(min(jobs, len(groups)))]
    for hand in hands:
        hand.start()
    try:
        for _ in groups:
            results = done.get()
            if isinstance(results, BaseException):
                raise results
            yield results
            room.release()
    finally:
        for hand in hands:
            hand.stop()
            room.release()
        for hand in hands:
            hand.join()


class _Hand(threading.Thread):
    """One child process and the thread that feeds it; a child that dies costs its group only."""

    def __init__(
        self,
        waiting: "queue.SimpleQueue[Group]",
        done: "queue.SimpleQueue[Results | BaseException]",
        room: threading.Semaphore,
    ) -> None:
        super().__init__(daemon=True)
        self._waiting = waiting
        self._done = done
        self._room = room
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        try:
            while self._may_go_on():
                self._done.put(self._made(self._waiting.get_nowait()))
        except queue.Empty:
            pass
        except Exception as error:  # noqa: BLE001
            self._done.put(error)
        finally:
            self.stop()

    def _may_go_on(self) -> bool:
        """Wait until what was made before is taken: it may have to be uploaded, and fills the disk until then."""
        self._room.acquire()
        return not self._stopped

    def stop(self) -> None:
        self._stopped = True
        child, self._child = self._child, None
        if child is None:
            return
        _end(child)

    def _made(self, group: Group) -> Results:
        child = self._child or self._start()
        assert child.stdin  # noqa: S101
        assert child.stdout  # noqa: S101
        try:
            making.write_message(child.stdin, group)
            results: Results | None = making.read_message(child.stdout)
        except BrokenPipeError:
            results = None
        if results is not None:
            return results
        self._child = None
        sentence = f"the process that made it ended with status {_end(child)}"
        return [Failed(task.key, "maker-died", sentence) for task in group.tasks]

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(
            [sys.executable, "-c", "from mirror.making import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
            env=environment(),
        )
        return self._child


def _end(child: subprocess.Popen[bytes]) -> int:
    """Kill a child, close its pipes and give its status."""
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    return child.wait()
