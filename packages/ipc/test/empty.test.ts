import "@vyra/ipc";
