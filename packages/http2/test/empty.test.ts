import "@vyra/http2";
