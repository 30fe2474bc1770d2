/** See `Page.copies`. */
export const COPY_SCRIPT_PATH = '/assets/copy.js'

/**
 * Puts a button beside each value that is there to be copied (`copyable`, `copyableCell`). Without
 * script one click on the value selects all of it, and so does a browser that lets nothing be copied.
 */
export const COPY_SCRIPT = `'use strict'
;(function () {
  var words = document.currentScript.dataset

  function select(code) {
    var range = document.createRange()
    range.selectNodeContents(code)
    var selection = window.getSelection()
    selection.removeAllRanges()
    selection.addRange(range)
  }

  function write(text) {
    if (!navigator.clipboard) return Promise.reject(new Error('no clipboard'))
    return navigator.clipboard.writeText(text)
  }

  document.querySelectorAll('.copyable code, code.copy').forEach(function (code) {
    var button = document.createElement('button')
    button.type = 'button'
    button.className = 'button plain small'
    button.id = code.id + '-copy'
    button.textContent = words.copy
    button.setAttribute('aria-describedby', code.getAttribute('aria-labelledby') || code.id)
    button.setAttribute('aria-live', 'polite')
    button.addEventListener('click', function () {
      write(code.textContent.trim()).then(
        function () { button.textContent = words.copied },
        function () { select(code) },
      )
    })
    code.insertAdjacentElement('afterend', button)
  })
})()
`
