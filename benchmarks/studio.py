"""A studio on a fresh data folder, with its pages and its worker as processes of their own."""

import contextlib

from .books import Books
from .person import Person
from .processes import Process, free_port, listens, run

USERNAME, PASSWORD = "admin", "correct horse battery"


class Studio:
    """`with Studio(folder, gateway) as studio:` has both running; `in_flight` is how many calls go at once.

    On SQLite, unless `database` is the address of one that is PostgreSQL's; then there are no `books`.
    """

    def __init__(self, folder, gateway, *, in_flight=64, database=""):
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "STUDIO_DATA_DIR": str(folder / "data"),
            "STUDIO_STATIC_DIR": str(folder.parent / "static"),
            "STUDIO_PORT": str(self.port),
            "DATABASE_URL": database,
            "STUDIO_CALLS_IN_FLIGHT": str(in_flight),
            "STUDIO_REQUESTS_PER_MINUTE": "1000000",
            "OFOX_BASE_URL": gateway,
            "OFOX_API_KEY": "bench",
            "DJANGO_SUPERUSER_USERNAME": USERNAME,
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        }
        self.running = contextlib.ExitStack()

    def prepare(self):
        """Static files once for all studios beside each other, then the database."""
        if not (self.folder.parent / "static").exists():
            self.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        self.run("manage.py", "prepare")
        if not self.environment["DATABASE_URL"]:
            self.books = Books(self.folder / "data" / "studio.sqlite3")

    def __enter__(self):
        self.prepare()
        self.web = self.start("web")
        self.start_worker()
        self.web.wait_for(lambda: listens(self.port))
        return self

    def __exit__(self, *error):
        self.running.close()

    def start(self, *command):
        process = Process("manage.py", *command, log=self.folder / "log", environment=self.environment)
        return self.running.enter_context(process)

    def start_worker(self):
        self.worker = self.start("worker")

    @property
    def processes(self):
        return self.web, self.worker

    def run(self, *arguments):
        """A short process in the studio's environment; what it wrote."""
        return run(*arguments, environment=self.environment)

    def queue(self, number, wanted=1):
        """Ask by the studio's services, all at once, as a batch does; the moment they were there."""
        return float(self.shell(f"from benchmarks import asking; asking.queue({number}, {wanted})"))

    def shell(self, code):
        """What some lines printed that ran inside the studio."""
        return self.run("manage.py", "shell", "--no-imports", "--command", code)

    def sign_in(self):
        return Person(self.url, USERNAME, PASSWORD)
