/*
 * What a daemon does in a storm of logins, and nothing beside it: it starts one program
 * after the other, and waits for each, by fork and execve as OpenVPN does (run_command.c,
 * openvpn_execve).
 *
 * Its arguments are how many microseconds it waits after each call, and how many of a
 * processor it takes for itself before each, as for a handshake of TLS. Standard input: for
 * each call its number of arguments and of variables, in digits, and then these, each of
 * all with its NUL. Standard output: for each call a line with the nanoseconds since 1970
 * when it began, the nanoseconds that the daemon stood still, and what waitpid(2) told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 256, TIMER_SLACK = 50000 };

static char *input, *end;

static void read_input(void)
{
	size_t size = 1 << 16, n = 0, got;

	do {
		if (n == size)
			size *= 2;
		if (!(input = realloc(input, size)))
			exit(3);
		n += got = fread(input + n, 1, size - n, stdin);
	} while (got > 0 || n == size);
	end = input + n;
}

static char *text(void)
{
	char *t = input;
	char *nul = memchr(t, 0, end - t);

	if (!nul)
		exit(4);
	input = nul + 1;
	return t;
}

static void texts(char *list[MOST], int n)
{
	if (n < 0 || n >= MOST)
		exit(4);
	for (int i = 0; i < n; i++)
		list[i] = text();
	list[n] = NULL;
}

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void work(long long nanoseconds)
{
	long long end = now(CLOCK_THREAD_CPUTIME_ID) + nanoseconds;

	while (now(CLOCK_THREAD_CPUTIME_ID) < end)
		for (volatile int i = 0; i < 10000; i++)
			;
}

static int run(char *argv[], char *env[])
{
	int status = -1;
	pid_t child = fork();

	if (child < 0)
		exit(5);
	if (child == 0) {
		execve(argv[0], argv, env);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			exit(5);
	return status;
}

/* The programs get none of our files: some of them stay longer than we do. */
static FILE *keep_results(void)
{
	FILE *results = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 3), "w");
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			exit(6);
	return results;
}

int main(int argc, char *args[])
{
	char *argv[MOST], *env[MOST];
	int pause = argc > 1 ? atoi(args[1]) : 0;
	int own = argc > 2 ? atoi(args[2]) : 0;
	FILE *results;

	prctl(PR_SET_TIMERSLACK, TIMER_SLACK, 0, 0, 0);
	read_input();
	results = keep_results();
	while (input < end) {
		int arguments = atoi(text()), variables = atoi(text()), status;
		long long began, start;

		texts(argv, arguments);
		texts(env, variables);
		work(own * 1000LL);
		began = now(CLOCK_REALTIME);
		start = now(CLOCK_MONOTONIC);
		status = run(argv, env);
		fprintf(results, "%lld %lld %d\n", began, now(CLOCK_MONOTONIC) - start, status);
		if (pause)
			usleep(pause);
	}
	return fclose(results) ? 7 : 0;
}
