/* What a login in a storm costs without us: a copy waits for two seconds, and lets everybody in. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	const char *control = getenv("auth_control_file");
	int fd;

	if (!control)
		return 1;
	switch (fork()) {
	case -1:
		return 1;
	case 0:
		break;
	default:
		_exit(2);
	}
	setsid();
	sleep(2);
	fd = open(control, O_WRONLY);
	return fd < 0 || write(fd, "1", 1) != 1;
}
