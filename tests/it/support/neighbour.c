/* Another module, which knows nothing of Hallpass. It needs no header: the server gives each function by its name.
 *
 * NEIGHBOUR.CALL command …    runs a command and passes on the reply
 * NEIGHBOUR.LATER command …   the same from a thread, while the client is blocked
 * NEIGHBOUR.SEEN              how many hash events it has answered by a command of Hallpass that succeeded */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NOTIFY_HASH (1 << 6)
#define REPLY_ERROR 1

static void *(*Call)(void *, const char *, const char *, ...);
static int (*CallReplyType)(void *);
static void (*FreeCallReply)(void *);
static int (*ReplyWithCallReply)(void *, void *);
static int (*ReplyWithError)(void *, const char *);
static int (*ReplyWithLongLong)(void *, long long);
static const char *(*StringPtrLen)(void *, size_t *);
static void (*RetainString)(void *, void *);
static void (*FreeString)(void *, void *);
static void *(*BlockClient)(void *, void *, void *, void *, long long);
static int (*UnblockClient)(void *, void *);
static void *(*GetThreadSafeContext)(void *);
static void (*FreeThreadSafeContext)(void *);
static void (*ThreadSafeContextLock)(void *);
static void (*ThreadSafeContextUnlock)(void *);

static long long seen;

static int pass_on(void *ctx, void **argv, int argc) {
    void *reply = Call(ctx, StringPtrLen(argv[1], NULL), "vE", argv + 2, (size_t)argc - 2);
    if (!reply)
        return ReplyWithError(ctx, "ERR no reply");
    ReplyWithCallReply(ctx, reply);
    FreeCallReply(reply);
    return 0;
}

struct job {
    void *client, **argv;
    int argc;
};

static void *work(void *at) {
    struct job *job = at;
    void *ctx = GetThreadSafeContext(job->client);
    ThreadSafeContextLock(ctx);
    pass_on(ctx, job->argv, job->argc);
    for (int i = 0; i < job->argc; i++)
        FreeString(ctx, job->argv[i]);
    ThreadSafeContextUnlock(ctx);
    FreeThreadSafeContext(ctx);
    UnblockClient(job->client, NULL);
    free(job->argv);
    free(job);
    return NULL;
}

static int later(void *ctx, void **argv, int argc) {
    struct job *job = malloc(sizeof *job);
    *job = (struct job){BlockClient(ctx, NULL, NULL, NULL, 0), malloc(argc * sizeof *argv), argc};
    memcpy(job->argv, argv, argc * sizeof *argv);
    for (int i = 0; i < argc; i++)
        RetainString(ctx, argv[i]);
    pthread_t thread;
    pthread_create(&thread, NULL, work, job);
    return pthread_detach(thread);
}

static int tell_seen(void *ctx, void **argv, int argc) {
    (void)argv, (void)argc;
    return ReplyWithLongLong(ctx, seen);
}

/* Runs inside of whatever command changed the hash, Hallpass' own included. */
static int on_hash(void *ctx, int type, const char *event, void *key) {
    (void)type, (void)event;
    void *reply = Call(ctx, "AUTH.SESSIONS", "sE", key);
    if (reply) {
        seen += CallReplyType(reply) != REPLY_ERROR;
        FreeCallReply(reply);
    }
    return 0;
}

int RedisModule_OnLoad(void *ctx, void **argv, int argc) {
    (void)argv, (void)argc;
    int (*api)(const char *, void *) = *(int (**)(const char *, void *))ctx;
    int (*CreateCommand)(void *, const char *, void *, const char *, int, int, int);
    int (*SubscribeToKeyspaceEvents)(void *, int, void *);
    void (*SetModuleAttribs)(void *, const char *, int, int);
#define GET(name) api("RedisModule_" #name, &name)
    GET(SetModuleAttribs), GET(CreateCommand), GET(SubscribeToKeyspaceEvents);
    GET(Call), GET(CallReplyType), GET(FreeCallReply), GET(ReplyWithCallReply), GET(ReplyWithError);
    GET(ReplyWithLongLong), GET(StringPtrLen), GET(RetainString), GET(FreeString), GET(BlockClient);
    GET(UnblockClient), GET(GetThreadSafeContext), GET(FreeThreadSafeContext);
    GET(ThreadSafeContextLock), GET(ThreadSafeContextUnlock);
    SetModuleAttribs(ctx, "neighbour", 1, 1);
    return CreateCommand(ctx, "neighbour.call", pass_on, "write", 0, 0, 0)
        || CreateCommand(ctx, "neighbour.later", later, "write", 0, 0, 0)
        || CreateCommand(ctx, "neighbour.seen", tell_seen, "readonly", 0, 0, 0)
        || SubscribeToKeyspaceEvents(ctx, NOTIFY_HASH, on_hash);
}
