/* The least that OpenVPN can wait for: status 0 accepts. */
int main(void) { return 0; }
