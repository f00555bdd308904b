// Browsers start no worker from a page that was opened from the disk, so search would be dead
// there. A hidden frame, which they allow, runs the worker's script in its place.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.title = "Search";
      this.frame.answer = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.ready = new Promise((done) => {
        this.frame.finished = done;
      });
      document.body.append(this.frame);
      const inside = this.frame.contentDocument;
      inside.open();
      inside.write("<script>postMessage = (data) => frameElement.answer(data)</script>");
      inside.write(`<script src="${new URL(address, location.href)}"></script>`);
      inside.write("<script>frameElement.finished()</script>");
      inside.close();
    }

    async postMessage(data) {
      await this.ready;
      const inside = this.frame.contentWindow;
      inside.dispatchEvent(new inside.MessageEvent("message", { data }));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
