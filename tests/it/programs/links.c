/* Says which links it can see in the network namespaces that the kernel has numbers for here: those at
   the other end of its own links, and of theirs. */
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct nlmsghdr head;
    struct ifinfomsg info;
    struct rtattr attribute;
    int number;
} request;

static void list(int netlink, int number) {
    static char answer[65536];
    request.head.nlmsg_len = number < 0 ? NLMSG_LENGTH(sizeof request.info) : sizeof request;
    request.head.nlmsg_type = RTM_GETLINK;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.attribute.rta_type = IFLA_TARGET_NETNSID;
    request.attribute.rta_len = RTA_LENGTH(sizeof number);
    request.number = number;
    send(netlink, &request, request.head.nlmsg_len, 0);
    for (;;) {
        int length = recv(netlink, answer, sizeof answer, 0);
        for (struct nlmsghdr *head = (void *)answer; NLMSG_OK(head, length); head = NLMSG_NEXT(head, length)) {
            if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
                return;
            struct ifinfomsg *info = NLMSG_DATA(head);
            int left = IFLA_PAYLOAD(head);
            for (struct rtattr *at = IFLA_RTA(info); number >= 0 && RTA_OK(at, left); at = RTA_NEXT(at, left))
                if (at->rta_type == IFLA_IFNAME && strcmp(RTA_DATA(at), "lo"))
                    printf("%d %s\n", number, (char *)RTA_DATA(at));
        }
    }
}

int main(void) {
    int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    for (int number = -1; number < 3; number++)
        list(netlink, number);
    printf("end\n");
    return 0;
}
